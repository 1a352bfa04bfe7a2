// SPDX-License-Identifier: Apache-2.0
#include "gitops/claims_check.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>

#include "sync/model/text.hpp"
#include "sync/model/workload_claims.hpp"

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

void report(const Held& loser, const Held& winner, const std::string& what, FindingList& findings) {
  findings.add_at(*loser.by.manifest, field_of(*loser.claim),
                  what + " " + named(winner.by) + "; one of the two must go, or move");
}

std::string shown(std::string_view text) {
  constexpr std::size_t kShownMax = 300;
  return sync::bounded_text(text, kShownMax);
}

/// '/' before all else, so that what lies beneath a path follows it at once.
struct TreeOrder {
  bool operator()(std::string_view a, std::string_view b) const {
    const auto before = [](char x, char y) { return x != y && (x == '/' || (y != '/' && x < y)); };
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), before);
  }
};
using Paths = std::map<std::string_view, const Held*, TreeOrder>;

bool lies_beneath(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

/// A file cannot lie beneath a file.
void check_folders(const Paths& paths, FindingList& findings) {
  std::vector<const Held*> above;  // each beneath the one before
  for (const auto& [path, held] : paths) {
    if (findings.is_full()) return;
    while (!above.empty() && !lies_beneath(path, above.back()->claim->value)) above.pop_back();
    if (!above.empty()) {
      report(*held, *above.back(),
             shown(path) + " lies beneath " + shown(above.back()->claim->value) + ", which is a file of",
             findings);
    }
    above.push_back(held);
  }
}

/// Pod web-0 and Deployment web, whose first pod is web-0, too.
void check_numbered_pods(const std::vector<Held>& held, FindingList& findings) {
  std::map<Claim, const Held*> all;
  for (const auto& one : held) {
    if (one.claim->kind == ClaimKind::kContainer) all.emplace(*one.claim, &one);
  }
  for (const auto& one : held) {
    const auto over = sync::claim_over(*one.claim);
    const auto found = over ? all.find(*over) : all.end();
    if (found == all.end() || findings.is_full()) continue;
    report(one, *found->second, shown(one.claim->text()) + " is the name of a pod of", findings);
  }
}

}  // namespace

void check_keys(const std::vector<PlacedResource>& resources, FindingList& findings) {
  std::map<sync::ResourceKey, const PlacedResource*> known;
  for (const auto& resource : resources) {
    if (findings.is_full()) return;
    const auto [first, is_new] = known.emplace(resource.parsed->resource.key, &resource);
    if (is_new) continue;
    findings.add_at(*resource.manifest, FieldPath{}.member("metadata").member("name"),
                    "there is another " + named(*first->second) + "; rename or remove one");
  }
}

void check_claims(const std::vector<PlacedResource>& resources, FindingList& findings) {
  const auto held = all_claims(resources);
  Paths paths;
  for (std::size_t i = 0; i < held.size() && !findings.is_full(); ++i) {
    const bool twice = i > 0 && *held[i - 1].claim == *held[i].claim;
    if (twice) report(held[i], held[i - 1], shown(held[i].claim->text()) + " is claimed by", findings);
    if (held[i].claim->kind == ClaimKind::kPath) paths.emplace(held[i].claim->value, &held[i]);
  }
  check_folders(paths, findings);
  check_numbered_pods(held, findings);
}

}  // namespace holdfast::gitops
