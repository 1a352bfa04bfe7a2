// SPDX-License-Identifier: Apache-2.0
#include "gitops/manifest_finding.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/limits/documents.hpp"
#include "gitops/json_text.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

using base::Json;

/// Fit to be shown, and bounded.
std::string shown(const Json& object, const char* name) {
  const std::string quoted = sync::in_quotes(text_member(object, name));
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace

std::string brief_of(const Json& document) {
  const std::string kind = shown(document, "kind");
  const Json* metadata = nullptr;
  if (document.is_object() && document.contains("metadata")) metadata = &document.at("metadata");
  const std::string name = metadata == nullptr ? "" : shown(*metadata, "name");
  const std::string ns = metadata == nullptr ? "" : shown(*metadata, "namespace");
  if (kind.empty() || name.empty()) return kind;
  return kind + "/" + (ns.empty() || ns == "default" ? "" : ns + "/") + name;
}

Finding finding_at(const Manifest& manifest, const Json& document, const FieldPath& field,
                   std::string message) {
  return {Severity::kError,   manifest.file, line_of(document, manifest.lines, field, manifest.line),
          brief_of(document), field.text(),  std::move(message)};
}

Finding finding_in(const Manifest& manifest, const Json& document, const base::Error& error) {
  auto [field, message] = split_field_message(error.message());
  return finding_at(manifest, document, field, std::move(message));
}

std::string place_of(const Manifest& manifest) { return manifest.file + ":" + std::to_string(manifest.line); }

// ---- FindingList ----

FindingList::FindingList(Findings first) : findings_(std::move(first)) {}
FindingList::~FindingList() = default;

bool FindingList::is_full() const { return findings_.size() >= base::limits::kFindingsMax; }

void FindingList::add(Finding finding) {
  // Several checks may meet the same mistake.
  const bool is_known = std::ranges::find(findings_, finding) != findings_.end();
  if (!is_full() && !is_known) findings_.push_back(std::move(finding));
}

const Json& FindingList::document_of(const Manifest& manifest) {
  if (parsed_ != &manifest) {
    parsed_ = &manifest;
    document_ = std::make_unique<Json>(base::parse_json(manifest.json).value_or(Json()));
  }
  return *document_;
}

void FindingList::add_at(const Manifest& manifest, const FieldPath& field, std::string message,
                         Severity severity) {
  if (is_full()) return;
  auto finding = finding_at(manifest, document_of(manifest), field, std::move(message));
  finding.severity = severity;
  add(std::move(finding));
}

void FindingList::add_error(const Manifest& manifest, const base::Error& error) {
  if (!is_full()) add(finding_in(manifest, document_of(manifest), error));
}

}  // namespace holdfast::gitops
