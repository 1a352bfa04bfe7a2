// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/apply_order.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace holdfast::edge_agent {
namespace {

using Items = std::vector<DesiredItem>;
using Edges = std::vector<std::vector<std::size_t>>;

sync::HookStage stage_of(const Items& items, std::size_t i) { return sync::stage_of(items[i].hook); }

std::vector<std::size_t> dependencies_of(const Items& items, std::size_t of) {
  std::vector<std::size_t> found;
  for (const auto& brief : items[of].depends_on) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      const bool can_wait = i != of && sync::may_wait_for(stage_of(items, of), stage_of(items, i));
      if (can_wait && items[i].key.matches_brief(brief)) found.push_back(i);
    }
  }
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

Edges all_dependencies(const Items& items) {
  Edges edges(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) edges[i] = dependencies_of(items, i);
  return edges;
}

Edges dependents_of(const Edges& depends_on) {
  Edges dependents(depends_on.size());
  for (std::size_t i = 0; i < depends_on.size(); ++i) {
    for (const std::size_t on : depends_on[i]) dependents[on].push_back(i);
  }
  return dependents;
}

/// Kahn's algorithm; what is in a circle, or behind one, is left out.
std::vector<std::size_t> without_circles(const Edges& depends_on) {
  const Edges dependents = dependents_of(depends_on);
  std::vector<std::size_t> open(depends_on.size());
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < depends_on.size(); ++i) {
    open[i] = depends_on[i].size();
    if (open[i] == 0) order.push_back(i);
  }
  for (std::size_t at = 0; at < order.size(); ++at) {
    for (const std::size_t next : dependents[order[at]]) {
      if (--open[next] == 0) order.push_back(next);
    }
  }
  return order;
}

std::vector<bool> in_circles(const Edges& depends_on) {
  std::vector<bool> in(depends_on.size(), true);
  for (const std::size_t i : without_circles(depends_on)) in[i] = false;
  return in;
}

void drop_circles(Edges& depends_on) {
  const auto in = in_circles(depends_on);
  for (std::size_t i = 0; i < depends_on.size(); ++i) {
    if (!in[i]) continue;
    std::erase_if(depends_on[i], [&](std::size_t on) { return in[on]; });
  }
}

std::vector<std::int64_t> lifted_waves(const Items& items, const Edges& depends_on) {
  std::vector<std::int64_t> waves(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) waves[i] = items[i].wave;
  for (const std::size_t i : without_circles(depends_on)) {
    for (const std::size_t on : depends_on[i]) {
      if (stage_of(items, on) == stage_of(items, i)) waves[i] = std::max(waves[i], waves[on]);
    }
  }
  return waves;
}

}  // namespace

std::vector<Placed> apply_order(const Items& items) {
  Edges depends_on = all_dependencies(items);
  drop_circles(depends_on);
  const auto waves = lifted_waves(items, depends_on);
  const Edges dependents = dependents_of(depends_on);

  const auto before = [&](std::size_t a, std::size_t b) {
    const Turn turn_a{stage_of(items, a), waves[a]};
    const Turn turn_b{stage_of(items, b), waves[b]};
    return std::tie(turn_a, items[a].kind_order, items[a].key) <
           std::tie(turn_b, items[b].kind_order, items[b].key);
  };
  std::set<std::size_t, decltype(before)> ready(before);
  std::vector<std::size_t> open(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    open[i] = depends_on[i].size();
    if (open[i] == 0) ready.insert(i);
  }
  std::vector<Placed> order;
  order.reserve(items.size());
  std::vector<std::uint32_t> depths(items.size());
  while (!ready.empty()) {
    const std::size_t i = *ready.begin();
    ready.erase(ready.begin());
    for (const std::size_t next : dependents[i]) {
      if (--open[next] == 0) ready.insert(next);
    }
    for (const std::size_t on : depends_on[i]) depths[i] = std::max(depths[i], depths[on] + 1);
    order.push_back({i, waves[i], std::move(depends_on[i]), depths[i], stage_of(items, i)});
  }
  return order;
}

std::vector<DependencyError> dependency_errors(const Items& items) {
  std::vector<DependencyError> errors;
  const auto circles = in_circles(all_dependencies(items));
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (const auto& brief : items[i].depends_on) {
      const auto on =
          std::ranges::find_if(items, [&](const auto& item) { return item.key.matches_brief(brief); });
      if (on == items.end()) {
        errors.push_back(
            {i, items[i].key.brief() + " depends on " + brief + ", which its application does not have"});
      } else if (!sync::may_wait_for(stage_of(items, i), sync::stage_of(on->hook))) {
        errors.push_back({i, items[i].key.brief() + " depends on " + brief + ", whose stage " +
                                 std::string(sync::to_string(sync::stage_of(on->hook))) +
                                 " never comes before its own, " +
                                 std::string(sync::to_string(stage_of(items, i)))});
      }
    }
    if (circles[i])
      errors.push_back({i, items[i].key.brief() + " is in, or waits for, a circle of dependencies"});
  }
  return errors;
}

}  // namespace holdfast::edge_agent
