// SPDX-License-Identifier: Apache-2.0
#include "gitops/render.hpp"

#include <algorithm>
#include <deque>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/limits/model.hpp"
#include "gitops/manifest_finding.hpp"
#include "gitops/resources_check.hpp"
#include "gitops/section_room.hpp"
#include "gitops/template_leaves.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using base::Json;
using base::Result;
using base::Status;

/// Puts the resources of one node together, as long as there is room in its section.
class Placing {
 public:
  Placing(const TemplateValues& values, FindingList& findings) : values_(values), findings_(findings) {}

  /// Resources in Git's order. Those made here live as long as this; the rest belongs to the manifests.
  std::vector<PlacedResource> run(const Manifests& manifests) {
    for (const auto& manifest : manifests.list) {
      if (is_over_ || room_.is_full() || findings_.is_full()) break;
      if (manifest.hub_kind) continue;
      if (auto status = place(manifest); !status) findings_.add_error(manifest, status.error());
    }
    return std::move(placed_);
  }

 private:
  Status place(const Manifest& manifest) {
    const ParsedResource* parsed = manifest.parsed ? &*manifest.parsed : nullptr;
    if (parsed == nullptr) {
      HF_TRY(auto resource, expand(manifest));
      made_.push_back(std::move(resource));
      parsed = &made_.back();
    }
    HF_CHECK(room_.take(parsed->resource.body.size()));
    placed_.push_back({&manifest, parsed});
    return {};
  }

  Result<ParsedResource> expand(const Manifest& manifest) {
    std::size_t left = room_.bytes_left();
    HF_TRY(Json document, base::parse_json(manifest.json));
    HF_CHECK(for_each_template_leaf(document, [&](const FieldPath&, std::string& text) -> Status {
      HF_TRY(const Template parsed, Template::parse(text));
      auto expanded = parsed.expand(values_, left);
      is_over_ = !expanded && expanded.error().code() == Code::kLimit;
      HF_TRY(text, std::move(expanded));
      left -= text.size();
      return {};
    }));
    return read_resource(document);
  }

  const TemplateValues& values_;
  FindingList& findings_;
  SectionRoom room_;
  bool is_over_ = false;
  std::deque<ParsedResource> made_;
  std::vector<PlacedResource> placed_;
};

}  // namespace

Result<std::string> expand_template(const std::string& text, const TemplateValues& values) {
  HF_TRY(const Template parsed, Template::parse(text));
  return parsed.expand(values, base::limits::kSectionBytesMax);
}

Rendering render(const Manifests& manifests, const TemplateValues& values, const std::string& source_url,
                 const sync::Revision& commit) {
  Rendering out;
  FindingList findings(manifests.findings);
  Placing placing(values, findings);
  std::vector<PlacedResource> placed;
  if (!findings.has_errors()) placed = placing.run(manifests);
  if (!findings.has_errors()) check_resources(placed, findings);
  out.findings = std::move(findings).take();
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
