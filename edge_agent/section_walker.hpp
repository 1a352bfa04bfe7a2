// SPDX-License-Identifier: Apache-2.0
// SectionWalker: brings one section to where its record says, stage by stage and wave by wave: what is needed fetched,
// intents stored, host touched, results stored, health awaited, then the next one; leftovers last. May stop anywhere and
// begin again: it reads what is, and does what is missing.
// Threads: one, the engine's.
#pragma once

#include <vector>

#include "edge_agent/healer.hpp"
#include "edge_agent/live.hpp"
#include "edge_agent/section_end.hpp"
#include "edge_agent/section_round.hpp"

namespace holdfast::edge_agent {

class SectionWalker {
 public:
  SectionWalker(Parts& parts, Healer& healer) : parts_(parts), healer_(healer), end_(parts) {}

  /// On from where it is. `record`: as it will be written.
  void walk(const sync::ApplicationUid& application, SectionRecord record);

 private:
  Walk& walk_of(const sync::ApplicationUid& application, const SectionRecord& record, const Target& target);
  void walk_turns(SectionRound& round);
  enum class Before { kDone, kWaiting };
  /// Hooks of an attempt that is over and that still run end before anything of this one begins.
  Before stop_running_hooks(SectionRound& round);
  /// After the last turn: what is not wanted any more goes, and the walk ends.
  void finish(SectionRound& round);
  void wait_for_claim(SectionRound& round);
  void no_target(const sync::ApplicationUid& application, SectionRecord record);
  void fail_looked(SectionRound& round, const base::Error& error);
  bool has_begun(const SectionRound& round) const;
  void enter(SectionRound& round, const Turn& turn);

  /// The section's bytes, where something of the batch needs them. Its errors are the store's.
  base::Result<SectionContents> open_batch(const SectionRound& round, const std::vector<std::size_t>& batch);
  /// Fetches what is needed; what has all of it. Of the others nothing is noted, so that what was there is kept going.
  std::vector<std::size_t> prepare_batch(SectionRound& round, const std::vector<std::size_t>& batch,
                                         SectionContents& contents);
  base::Result<Driver::Progress> prepare_item(const SectionRound& round, SectionContents& contents,
                                              std::size_t item);
  /// Before the host is touched. Its errors are the store's.
  base::Status store_intents(SectionRound& round, const std::vector<std::size_t>& batch);
  enum class Outcome { kMoved, kStuck };
  /// kMoved when at least one resource became applied. What cannot be is in round.failed.
  Outcome apply_batch(SectionRound& round, const std::vector<std::size_t>& batch, SectionContents& contents);
  base::Result<bool> apply_item(SectionRound& round, SectionContents& contents, std::size_t item);
  void count_action(SectionRound& round, const Action& action);
  void note_action(SectionRound& round, const Action& action);
  void note_place(SectionRound& round, const TargetItem& item);
  void show_pending(SectionRound& round, std::size_t item);
  bool cannot_apply(SectionRound& round, std::size_t item, const base::Error& error);
  void cannot_go_on(SectionRound& round, const Turn& turn);
  /// Health of the turn's applied resources; an error when one of them can never become healthy.
  base::Status look_at_turn(SectionRound& round, const Turn& turn);
  void wait(SectionRound& round, const Turn& turn);

  Parts& parts_;
  Healer& healer_;
  SectionEnd end_;
};

}  // namespace holdfast::edge_agent
