// SPDX-License-Identifier: Apache-2.0
#include "gitops/references_check.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

using sync::in_quotes;
using sync::ResourceKey;

const ResourceKey& key_of(const PlacedResource& resource) { return resource.parsed->resource.key; }

// ---- ConfigMaps and Secrets ----

/// By kind, namespace and name.
using Holders = std::map<std::tuple<std::string, std::string, std::string>, const ParsedResource*>;

/// Of names that a person could have meant: as many as fit into an error.
class NameList {
 public:
  void add(std::string_view name) {
    constexpr std::size_t kBytesMax = 200;
    ++count_;
    if (text_.size() + name.size() > kBytesMax) {
      cut_ = true;
    } else if (!cut_) {
      text_.append(text_.empty() ? "" : ", ").append(name);
    }
  }
  std::string text() const {
    if (count_ == 0) return "none";
    return cut_ ? text_ + ", … (" + std::to_string(count_) + " in all)" : text_;
  }

 private:
  std::string text_;
  std::size_t count_ = 0;
  bool cut_ = false;
};

std::string names_in(const Holders& holders, const std::string& kind, const std::string& ns) {
  NameList names;
  for (auto at = holders.lower_bound({kind, ns, ""}); at != holders.end(); ++at) {
    const auto& [its_kind, its_ns, name] = at->first;
    if (its_kind != kind || its_ns != ns) break;
    names.add(name);
  }
  return names.text();
}

std::string listed(const std::vector<std::string>& keys) {
  NameList names;
  for (const auto& key : keys) names.add(key);
  return names.text();
}

void check_use(const PlacedResource& resource, const KeyUse& use, const Holders& holders,
               FindingList& findings) {
  const std::string& ns = key_of(resource).ns;
  const std::string kind(use.kind);
  const auto holder = holders.find({kind, ns, use.ref.name});
  if (holder == holders.end()) {
    return findings.add_at(*resource.manifest, use.field.member("name"),
                           "the application has no " + kind + " " + in_quotes(use.ref.name) +
                               " in namespace " + ns + "; there are " + names_in(holders, kind, ns));
  }
  const auto& keys = holder->second->data_keys;
  if (std::binary_search(keys.begin(), keys.end(), use.ref.key)) return;
  findings.add_at(
      *resource.manifest, use.field.member("key"),
      kind + "/" + use.ref.name + " has no key " + in_quotes(use.ref.key) + "; there are " + listed(keys));
}

// ---- depends-on ----

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

/// As ResourceKey::matches_brief, but looked up: kind without case, namespace, name.
using Address = std::tuple<std::string, std::string, std::string>;

Address address_of(const ResourceKey& key) { return {lower(key.kind), key.ns, key.name}; }
Address address_of(std::string_view brief) {
  const auto parts = sync::split(brief, '/');
  if (parts.size() == 2) return {lower(parts[0]), "default", std::string(parts[1])};
  return {lower(parts[0]), std::string(parts[1]), std::string(parts.back())};
}

FieldPath depends_on_field() {
  return FieldPath{}.member("metadata").member("annotations").member(sync::kAnnotationDependsOn);
}

/// Resources as numbers, and for each the numbers that it depends on.
class Graph {
 public:
  Graph(const std::vector<PlacedResource>& resources, FindingList& findings)
      : resources_(resources), findings_(findings), edges_(resources.size()) {
    std::map<Address, std::size_t> known;
    for (std::size_t i = 0; i < resources.size(); ++i) known.emplace(address_of(key_of(resources[i])), i);
    for (std::size_t i = 0; i < resources.size() && !findings.is_full(); ++i) add_edges(i, known);
  }

  /// Depth first without recursion; ends at the first circle.
  void check_circles() {
    enum class Mark { kNew, kOpen, kDone };
    std::vector<Mark> marks(edges_.size(), Mark::kNew);
    struct Visit {
      std::size_t node;
      std::size_t next = 0;
    };
    for (std::size_t start = 0; start < edges_.size(); ++start) {
      if (marks[start] != Mark::kNew) continue;
      std::vector<Visit> way{{start}};
      marks[start] = Mark::kOpen;
      while (!way.empty()) {
        Visit& visit = way.back();
        if (visit.next == edges_[visit.node].size()) {
          marks[visit.node] = Mark::kDone;
          way.pop_back();
          continue;
        }
        const std::size_t to = edges_[visit.node][visit.next++];
        if (marks[to] == Mark::kOpen) {
          const auto first =
              std::find_if(way.begin(), way.end(), [to](const Visit& step) { return step.node == to; });
          std::vector<std::size_t> circle;
          std::transform(first, way.end(), std::back_inserter(circle),
                         [](const Visit& step) { return step.node; });
          return report_circle(circle);
        }
        if (marks[to] == Mark::kNew) {
          marks[to] = Mark::kOpen;
          way.push_back({to});
        }
      }
    }
  }

 private:
  void add_edges(std::size_t from, const std::map<Address, std::size_t>& known) {
    const PlacedResource& resource = resources_[from];
    for (const auto& brief : resource.parsed->resource.depends_on) {
      const auto to = known.find(address_of(brief));
      if (to == known.end()) {
        report(resource,
               in_quotes(brief) + " is not in this application; only its own resources can be waited for");
      } else if (!sync::may_wait_for(stage(resource), stage(resources_[to->second]))) {
        report(resource, in_quotes(brief) + " is of stage " + stage_name(resources_[to->second]) +
                             ", which never comes before this resource's stage " + stage_name(resource) +
                             ", so it can never be waited for");
      } else if (stage(resource) == stage(resources_[to->second]) &&
                 resources_[to->second].parsed->resource.wave > resource.parsed->resource.wave) {
        report(resource, in_quotes(brief) + " is on wave " + wave(resources_[to->second]) +
                             ", after this resource's wave " + wave(resource) +
                             ", so it can never be waited for");
      } else {
        edges_[from].push_back(to->second);
      }
    }
  }

  static std::string wave(const PlacedResource& resource) {
    return std::to_string(resource.parsed->resource.wave);
  }

  static sync::HookStage stage(const PlacedResource& resource) {
    return sync::stage_of(resource.parsed->resource.hook);
  }
  static std::string stage_name(const PlacedResource& resource) {
    return std::string(sync::to_string(stage(resource)));
  }

  void report(const PlacedResource& resource, std::string message) {
    findings_.add_at(*resource.manifest, depends_on_field(), std::move(message));
  }

  void report_circle(const std::vector<std::size_t>& circle) {
    constexpr std::size_t kShownMax = 400;
    std::string text;
    for (const std::size_t node : circle) {
      text += key_of(resources_[node]).brief() + " → ";
      if (text.size() <= kShownMax) continue;
      text = sync::bounded_text(text, kShownMax) + " (" + std::to_string(circle.size()) + " in all) → ";
      break;
    }
    report(resources_[circle.back()], "each waits for the next, in a circle: " + text +
                                          key_of(resources_[circle.front()]).brief() + "; remove one");
  }

  const std::vector<PlacedResource>& resources_;
  FindingList& findings_;
  std::vector<std::vector<std::size_t>> edges_;
};

}  // namespace

namespace {

void check_whole_uses(const std::vector<PlacedResource>& resources, FindingList& findings) {
  std::set<Address> known;
  for (const auto& resource : resources) known.insert(address_of(key_of(resource)));
  for (const auto& resource : resources) {
    for (const auto& use : resource.parsed->whole_uses) {
      if (findings.is_full()) return;
      if (!known.contains(address_of(use.brief)))
        findings.add_at(*resource.manifest, use.field, "the application has no " + in_quotes(use.brief));
    }
  }
}

}  // namespace

void check_key_uses(const std::vector<PlacedResource>& resources, FindingList& findings) {
  Holders holders;
  for (const auto& resource : resources) {
    const ResourceKey& key = key_of(resource);
    if (key.kind == "ConfigMap" || key.kind == "Secret")
      holders.emplace(std::tuple(key.kind, key.ns, key.name), resource.parsed);
  }
  for (const auto& resource : resources) {
    for (const auto& use : resource.parsed->uses) {
      if (findings.is_full()) return;
      check_use(resource, use, holders, findings);
    }
  }
  check_whole_uses(resources, findings);
}

void check_dependencies(const std::vector<PlacedResource>& resources, FindingList& findings) {
  Graph(resources, findings).check_circles();
}

}  // namespace holdfast::gitops
