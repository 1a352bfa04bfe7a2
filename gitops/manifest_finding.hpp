// SPDX-License-Identifier: Apache-2.0
// Findings about a manifest: where its fields stand and what it is called.
// Threads: pure functions.
#pragma once

#include <string>

#include "base/json.hpp"
#include "gitops/field_lines.hpp"
#include "gitops/finding.hpp"
#include "gitops/render.hpp"

namespace holdfast::gitops {

/// "File/motd" as the manifest says it, checked or not; empty where it does not say.
std::string brief_of(const base::Json& document);
Finding finding_at(const Manifest& manifest, const FieldPath& field, std::string message);
/// "apps/web/site.yaml:12"
std::string place_of(const Manifest& manifest);

/// A resource that a rendering holds, with where it came from. Pointers into values of the caller.
struct PlacedResource {
  const Manifest* manifest = nullptr;
  const ParsedResource* parsed = nullptr;
};

}  // namespace holdfast::gitops
