// SPDX-License-Identifier: Apache-2.0
// SectionWalker: brings one section to where its record says, stage by stage and wave by wave: intents stored, host
// touched, results stored, health awaited, then the next one; leftovers last. May stop anywhere and begin again: it
// reads what is, and does what is missing.
// Threads: one, the engine's.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "edge_agent/healer.hpp"
#include "edge_agent/live.hpp"
#include "edge_agent/plan_input.hpp"
#include "edge_agent/section_end.hpp"

namespace holdfast::edge_agent {

class SectionWalker {
 public:
  SectionWalker(Parts& parts, Healer& healer) : parts_(parts), healer_(healer), end_(parts) {}

  /// One step of whatever the section's phase asks for.
  void run(const sync::ApplicationUid& application);
  /// Every applied resource of it looked at, and leftovers asked for again.
  void keep(const sync::ApplicationUid& application);

 private:
  /// One call of walk(): what was planned at its start, and what is not committed yet.
  struct Round {
    const sync::ApplicationUid& application;
    SectionRecord record;  ///< as it will be written
    Target& target;
    Walk& walk;
    Plan plan;
    std::map<sync::ResourceKey, std::vector<const Action*>> actions;
    std::set<sync::ResourceKey> blocked;  ///< lost a claim, or come after one that did and that they wait for
    bool is_hook_blocked = false;         ///< then what was there stays, too: the new is not proven
    Changes changes;
    std::set<std::size_t> pending{};  ///< items whose apply() goes on
  };

  void wait_for_proof(const sync::ApplicationUid& application, const SectionRecord& record);
  bool look_at_all(const sync::ApplicationUid& application);
  void clear_kept(const sync::ApplicationUid& application, const SectionRecord& record);
  void walk(const sync::ApplicationUid& application, SectionRecord record);
  void walk_turns(Round& round);
  enum class Before { kDone, kWaiting };
  /// Hooks of an attempt that another one pre-empted end before anything of this one begins.
  Before stop_dropped_hooks(Round& round);
  /// After the last turn: what is not wanted any more goes, and the walk ends.
  void finish(Round& round);
  void wait_for_claim(Round& round);
  void no_target(const sync::ApplicationUid& application, SectionRecord record);
  void lost_target(SectionRecord record, const base::Error& why);
  void unable(SectionRecord record, const base::Error& why);
  Walk& walk_of(const sync::ApplicationUid& application, const SectionRecord& record, const Target& target);
  base::Status prepare(Round& round);
  void show_blocked(Round& round);

  bool is_finished(const Round& round, std::size_t item) const;
  bool is_ready(const Round& round, const Placed& placed) const;
  std::optional<Turn> current_turn(const Round& round) const;
  void enter(Round& round, const Turn& turn);
  std::vector<std::size_t> batch_of(const Round& round, const Turn& turn) const;

  enum class Outcome { kMoved, kStuck };
  /// Before the host is touched: intents stored, contents read. Its errors are the store's.
  base::Result<SectionContents> open_batch(Round& round, const std::vector<std::size_t>& batch);
  /// Applies what is ready; kMoved when at least one resource became applied. Its errors are the host's.
  base::Result<Outcome> apply_batch(Round& round, const std::vector<std::size_t>& batch,
                                    SectionContents& contents);
  base::Result<bool> apply_item(Round& round, SectionContents& contents, std::size_t item);
  void store_intents(Round& round, const std::vector<std::size_t>& batch);
  void note_action(Round& round, const Action& action);
  void note_place(Round& round, const TargetItem& item);
  /// Health of the turn's applied resources; an error when one of them can never become healthy.
  base::Status look_at_turn(Round& round, const Turn& turn);
  void show_waiting(Round& round, const Turn& turn);
  /// What is still to be done, while `failed` keeps the section from going on.
  void show_held_up(Round& round, const TargetItem& failed);
  bool is_fetching(const Round& round, const Turn& turn) const;
  void wait(Round& round, const Turn& turn);
  bool is_awaited_elsewhere(const sync::ApplicationUid& application, const Changes& changes) const;
  void remove(const sync::ApplicationUid& application, const SectionRecord& record);

  Parts& parts_;
  Healer& healer_;
  SectionEnd end_;
};

}  // namespace holdfast::edge_agent
