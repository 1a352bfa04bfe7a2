// SPDX-License-Identifier: Apache-2.0
#include "gitops/render.hpp"

#include <algorithm>
#include <deque>
#include <nlohmann/json.hpp>
#include <utility>

#include "gitops/manifest_finding.hpp"
#include "gitops/resources_check.hpp"
#include "gitops/template_leaves.hpp"

namespace holdfast::gitops {
namespace {

using base::Json;
using base::Result;
using base::Status;

Result<ParsedResource> expand(const Manifest& manifest, const TemplateValues& values) {
  HF_TRY(Json document, base::parse_json(manifest.json));
  HF_CHECK(for_each_template_leaf(document, [&](const FieldPath&, std::string& text) -> Status {
    HF_TRY(text, expand_template(text, values));
    return {};
  }));
  return read_resource(document);
}

/// Resources in Git's order. Those made here live in `made`; the rest belongs to the manifests.
std::vector<PlacedResource> place_all(const Manifests& manifests, const TemplateValues& values,
                                      std::deque<ParsedResource>& made, Findings& findings) {
  std::vector<PlacedResource> placed;
  placed.reserve(manifests.list.size());
  for (const auto& manifest : manifests.list) {
    if (manifest.parsed) placed.push_back({&manifest, &*manifest.parsed});
    if (manifest.parsed || manifest.hub_kind) continue;
    auto resource = expand(manifest, values);
    if (!resource) {
      add_bounded(findings, {finding_in(manifest, resource.error())});
      continue;
    }
    made.push_back(*std::move(resource));
    placed.push_back({&manifest, &made.back()});
  }
  return placed;
}

}  // namespace

Result<std::string> expand_template(const std::string& text, const TemplateValues& values) {
  HF_TRY(const Template parsed, Template::parse(text));
  return parsed.expand(values);
}

Rendering render(const Manifests& manifests, const TemplateValues& values, const std::string& source_url,
                 const sync::Revision& commit) {
  Rendering out;
  out.findings = manifests.findings;
  if (has_errors(out.findings)) return out;
  std::deque<ParsedResource> made;
  auto placed = place_all(manifests, values, made, out.findings);
  if (has_errors(out.findings)) return out;
  add_bounded(out.findings, check_resources(placed));
  if (has_errors(out.findings)) return out;

  std::sort(placed.begin(), placed.end(), [](const PlacedResource& a, const PlacedResource& b) {
    return a.parsed->resource.key < b.parsed->resource.key;
  });
  out.resources.reserve(placed.size());
  out.provenance.reserve(placed.size());
  for (const auto& [manifest, parsed] : placed) {
    out.resources.push_back(parsed->resource);
    out.provenance.push_back({parsed->resource.key, source_url, commit, manifest->file, manifest->line});
  }
  return out;
}

}  // namespace holdfast::gitops
