// SPDX-License-Identifier: Apache-2.0
// Findings about manifests: where their fields stand and what they are called.
// Threads: one.
#pragma once

#include <memory>
#include <string>

#include "base/json.hpp"
#include "gitops/field_lines.hpp"
#include "gitops/finding.hpp"
#include "gitops/render.hpp"

namespace holdfast::gitops {

/// "File/motd" as the manifest says it, checked or not; empty where it does not say.
std::string brief_of(const base::Json& document);
/// "apps/web/site.yaml:12"
std::string place_of(const Manifest& manifest);
/// `document`: what manifest.json says.
Finding finding_at(const Manifest& manifest, const base::Json& document, const FieldPath& field,
                   std::string message);
Finding finding_in(const Manifest& manifest, const base::Json& document, const base::Error& error);

/// Findings, at most limits::kFindingsMax; the rest shows when those are mended. Whoever makes them stops when
/// it is full.
class FindingList {
 public:
  explicit FindingList(Findings first = {});
  ~FindingList();
  FindingList(const FindingList&) = delete;
  FindingList& operator=(const FindingList&) = delete;

  bool is_full() const;
  bool has_errors() const { return gitops::has_errors(findings_); }
  void add(Finding finding);
  /// REQUIRES: `manifest` stays where it is: that of the last finding stays parsed, since where one field is
  /// wrong, many often are.
  void add_at(const Manifest& manifest, const FieldPath& field, std::string message,
              Severity severity = Severity::kError);
  void add_error(const Manifest& manifest, const base::Error& error);
  Findings take() && { return std::move(findings_); }

 private:
  const base::Json& document_of(const Manifest& manifest);

  Findings findings_;
  const Manifest* parsed_ = nullptr;
  std::unique_ptr<base::Json> document_;
};

/// A resource that a rendering holds, with where it came from. Pointers into values of the caller.
struct PlacedResource {
  const Manifest* manifest = nullptr;
  const ParsedResource* parsed = nullptr;
};

}  // namespace holdfast::gitops
