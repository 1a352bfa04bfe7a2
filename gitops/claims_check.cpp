// SPDX-License-Identifier: Apache-2.0
#include "gitops/claims_check.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>

namespace holdfast::gitops {
namespace {

using sync::Claim;
using sync::ClaimKind;

struct Held {
  const Claim* claim = nullptr;
  PlacedResource by;
  std::size_t order = 0;  ///< in Git
};

std::string named(const PlacedResource& resource) {
  return resource.parsed->resource.key.brief() + " (" + place_of(*resource.manifest) + ")";
}

/// The field that makes a claim, as far as it is one field.
FieldPath field_of(const Claim& claim) {
  if (claim.kind == ClaimKind::kPath) return FieldPath{}.member("spec").member("path");
  return FieldPath{}.member("metadata").member("name");
}

std::vector<Held> all_claims(const std::vector<PlacedResource>& resources) {
  std::vector<Held> held;
  for (const auto& resource : resources) {
    for (const auto& claim : resource.parsed->claims) held.push_back({&claim, resource, held.size()});
  }
  // Of two with one claim the earlier in Git comes first, and the later gets the finding.
  std::sort(held.begin(), held.end(), [](const Held& a, const Held& b) {
    return std::tie(*a.claim, a.order) < std::tie(*b.claim, b.order);
  });
  return held;
}

Finding conflict(const Held& loser, const Held& winner, const std::string& what) {
  return finding_at(*loser.by.manifest, field_of(*loser.claim),
                    what + " " + named(winner.by) + "; one of the two must go, or move");
}

/// The holder of a path that is a parent folder of `path`.
const Held* holder_above(const std::map<std::string_view, const Held*>& paths, std::string_view path) {
  for (auto slash = path.rfind('/'); slash != std::string_view::npos && slash > 0;
       slash = path.rfind('/', slash - 1)) {
    if (const auto found = paths.find(path.substr(0, slash)); found != paths.end()) return found->second;
  }
  return nullptr;
}

}  // namespace

Findings check_keys(const std::vector<PlacedResource>& resources) {
  Findings findings;
  std::map<sync::ResourceKey, const PlacedResource*> known;
  for (const auto& resource : resources) {
    const auto [first, is_new] = known.emplace(resource.parsed->resource.key, &resource);
    if (is_new) continue;
    findings.push_back(finding_at(*resource.manifest, FieldPath{}.member("metadata").member("name"),
                                  "there is another " + named(*first->second) + "; rename or remove one"));
  }
  return findings;
}

Findings check_claims(const std::vector<PlacedResource>& resources) {
  Findings findings;
  const auto held = all_claims(resources);
  std::map<std::string_view, const Held*> paths;
  for (std::size_t i = 0; i < held.size(); ++i) {
    const bool twice = i > 0 && *held[i - 1].claim == *held[i].claim;
    if (twice) findings.push_back(conflict(held[i], held[i - 1], held[i].claim->text() + " is claimed by"));
    if (held[i].claim->kind == ClaimKind::kPath) paths.emplace(held[i].claim->value, &held[i]);
  }
  for (const auto& [path, held_path] : paths) {
    const Held* above = holder_above(paths, path);
    if (above == nullptr) continue;
    findings.push_back(
        conflict(*held_path, *above,
                 std::string(path) + " lies beneath " + above->claim->value + ", which is a file of"));
  }
  return findings;
}

}  // namespace holdfast::gitops
