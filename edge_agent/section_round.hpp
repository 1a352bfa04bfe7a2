// SPDX-License-Identifier: Apache-2.0
// SectionRound: one look of a walk at its section: what was planned, whose turn it is, what waits for what, and what is not
// committed yet. Decides and shows; SectionWalker touches.
// Threads: one, the engine's.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "edge_agent/live.hpp"
#include "edge_agent/plan.hpp"

namespace holdfast::edge_agent {

struct SectionRound {
  Parts& parts;
  const sync::ApplicationUid& application;
  SectionRecord record;  ///< as it will be written
  Target& target;
  Walk& walk;
  Plan plan{};
  std::map<sync::ResourceKey, std::vector<const Action*>> actions{};
  std::set<sync::ResourceKey> blocked{};  ///< lost a claim, or come after one that did and that they wait for
  bool is_hook_blocked = false;           ///< then what was there stays, too: the new is not proven
  Changes changes{};
  std::set<std::size_t> pending{};  ///< items whose apply() goes on
  /// The first that cannot be applied, and why. The others of its turn are, all the same.
  std::optional<std::pair<std::size_t, base::Error>> failed{};

  /// Plans. An error: something that the section needs cannot be looked at.
  base::Status look();

  bool is_finished(std::size_t item) const;
  std::optional<Turn> current_turn() const;
  /// What of it can be applied now.
  std::vector<std::size_t> batch_of(const Turn& turn) const;
  const std::vector<const Action*>& actions_of(std::size_t item) const;
  /// Whether more is to be done for it than to note whose it is.
  bool touches_host(std::size_t item) const;
  /// Whether something of this turn waits for what the machine fetches or gives.
  bool waits_for_node(const Turn& turn) const;
  /// What of the turn is not healthy, and why.
  std::string unfinished(const Turn& turn) const;

  /// Whatever comes later than the turn.
  void show_waiting(const Turn& turn);
  /// What is still to be done, while `failed` keeps the section from going on.
  void show_held_up(const TargetItem& cause);

 private:
  bool is_ready(const Placed& placed) const;
  void show_blocked();
};

}  // namespace holdfast::edge_agent
