// SPDX-License-Identifier: Apache-2.0
#include "hub/rendition.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "hub/json_path.hpp"
#include "sync/model/kinds.hpp"

namespace holdfast::hub {

using base::Digest;
using base::Json;
using base::Result;

Result<Rendition> Rendition::load(gitops::GitSource& git, const RevisionPlace& place) {
  HF_TRY(const auto files, git.read_tree(place.url, place.commit, place.path));
  Rendition out(place);
  auto manifests = gitops::parse_manifests(files, place.path == "." ? "" : place.path);
  out.findings_ = manifests.findings;
  for (auto& manifest : manifests.list) {
    const auto json = base::parse_json(manifest.json);
    if (json && gitops::is_hub_kind(text_at(*json, "apiVersion"), text_at(*json, "kind"))) {
      out.for_hub_.push_back(std::move(manifest));
    } else {
      out.templated_ = out.templated_ || manifest.templated;
      out.for_nodes_.list.push_back(std::move(manifest));
    }
  }
  if (gitops::has_errors(out.findings_)) return out;
  for (auto& finding : gitops::validate(out.for_nodes_)) out.findings_.push_back(std::move(finding));
  return out;
}

std::string Rendition::cache_key(const gitops::TemplateValues& values) const {
  if (!templated_) return "";
  return base::canonical_json(
      Json{{"name", values.node_name}, {"labels", values.node_labels}, {"facts", values.node_facts}});
}

Rendition::Rendered Rendition::render(const sync::SectionPolicy& policy,
                                      const gitops::TemplateValues& values) {
  ++renderings_;
  auto rendering = gitops::render(for_nodes_, values, place_.url, place_.commit);
  Rendered out;
  out.section.findings = std::move(rendering.findings);
  std::set<sync::Claim> claims;
  std::set<std::string> abilities;
  for (const auto& resource : rendering.resources) {
    for (auto& claim : sync::claims_of(resource)) claims.insert(std::move(claim));
    if (const auto* kind = sync::find_kind(resource.key.group, resource.key.kind))
      abilities.emplace(kind->ability);
  }
  out.section.claims.assign(claims.begin(), claims.end());
  if (!out.section.is_good()) return out;
  out.section.abilities.assign(abilities.begin(), abilities.end());
  sync::SectionBody body;
  body.bytes = sync::encode_section({policy, std::move(rendering.resources)});
  body.provenance = sync::encode_provenance(rendering.provenance);
  body.digest = Digest::of(body.bytes);
  out.section.digest = body.digest;
  out.section.provenance = Digest::of(body.provenance);
  out.body = std::move(body);
  return out;
}

Rendition::Rendered& Rendition::rendered(const sync::SectionPolicy& policy, gitops::TemplateValues& values) {
  if (!(policy == policy_)) cache_.clear();
  policy_ = policy;
  values.app_revision = place_.commit.str();
  const auto key = cache_key(values);
  const auto known = cache_.find(key);
  if (known != cache_.end()) return known->second;
  return cache_.emplace(key, render(policy, values)).first->second;
}

const RenderedSection& Rendition::section(const sync::SectionPolicy& policy, gitops::TemplateValues values) {
  return rendered(policy, values).section;
}

Result<sync::SectionBody> Rendition::body(const sync::SectionPolicy& policy, gitops::TemplateValues values) {
  Rendered& known = rendered(policy, values);
  if (!known.section.is_good()) {
    return base::fail(base::Code::kInvalid, gitops::summary(known.section.findings, 1));
  }
  if (!known.body) known.body = render(policy, values).body;
  if (!templated_) return *known.body;
  // One body a node would fill the memory of a large fleet; the store has it from now on.
  sync::SectionBody out = *std::move(known.body);
  known.body.reset();
  return out;
}

}  // namespace holdfast::hub
