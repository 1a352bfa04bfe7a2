// SPDX-License-Identifier: Apache-2.0
#include "hub/forgotten_claims.hpp"

#include <algorithm>
#include <set>

#include "base/limits/hub.hpp"
#include "gitops/application_folder.hpp"

namespace holdfast::hub {
namespace {

/// Where its manifests are, and were.
std::set<std::pair<std::string, std::string>> places_of(const ApplicationEntry& application) {
  std::set<std::pair<std::string, std::string>> out{
      {application.spec.source.repo_url, application.spec.source.path}};
  if (application.record.in_force)
    out.emplace(application.record.in_force->url, application.record.in_force->path);
  for (const auto& past : application.record.history) out.emplace(past.place.url, past.place.path);
  return out;
}

}  // namespace

ForgottenClaims::Claims ForgottenClaims::of(const NodeEntry& node, const std::vector<Candidate>& candidates) {
  Claims out;
  for (const auto& section : node.proven->sections) {
    auto& claims = out[section.application];
    claims = section.withhold;
    const auto* const application = context_.applications.find(section.application);
    if (application == nullptr) continue;
    const auto candidate =
        std::ranges::lower_bound(candidates, section.application, {}, &Candidate::application);
    const bool is_same = candidate != candidates.end() && candidate->application == section.application &&
                         candidate->digest == section.digest;
    claims = united(claims, is_same ? candidate->claims : read(node, *application, section.revision));
  }
  return out;
}

std::vector<sync::Claim> ForgottenClaims::read(const NodeEntry& node, const ApplicationEntry& application,
                                               const sync::Revision& commit) {
  std::vector<sync::Claim> out;
  if (commit.str().empty()) return out;
  for (const auto& [url, path] : places_of(application)) {
    auto* const former = rendition(application, {url, path, commit, {}});
    if (former == nullptr) continue;
    const auto& section = former->section(application.spec.policy, template_values(node, application),
                                          sealing_of(context_, node));
    out = united(out, section.claims);
  }
  return out;
}

Rendition* ForgottenClaims::rendition(const ApplicationEntry& application, RevisionPlace place) {
  if (read_.size() >= base::limits::kFormerRenditionsMax) read_.clear();
  const auto [at, is_new] =
      read_.try_emplace({application.uid, place.commit.str() + " " + place.url + " " + place.path});
  if (!is_new) return at->second.get();
  const auto tree = gitops::content_id(context_.seams.git, {place.url, place.commit, place.path});
  if (!tree) return nullptr;
  place.tree = *tree;
  auto loaded = Rendition::load(context_.seams.git, place, plain_sealing_of(context_, application));
  if (loaded) at->second = std::make_unique<Rendition>(*std::move(loaded));
  return at->second.get();
}

}  // namespace holdfast::hub
