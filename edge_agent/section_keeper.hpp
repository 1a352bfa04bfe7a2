// SPDX-License-Identifier: Apache-2.0
// SectionKeeper: does for one section what its phase asks for: walked (SectionWalker), kept as it is, or removed.
// Threads: one, the engine's.
#pragma once

#include "edge_agent/healer.hpp"
#include "edge_agent/live.hpp"
#include "edge_agent/plan_input.hpp"
#include "edge_agent/section_end.hpp"
#include "edge_agent/section_walker.hpp"

namespace holdfast::edge_agent {

class SectionKeeper {
 public:
  SectionKeeper(Parts& parts, Healer& healer)
      : parts_(parts), healer_(healer), walker_(parts, healer), end_(parts) {}

  /// One step of whatever the section's phase asks for.
  void run(const sync::ApplicationUid& application);

 private:
  /// Every applied resource of it looked at, and leftovers asked for again.
  void keep(const sync::ApplicationUid& application);
  void wait_for_proof(const sync::ApplicationUid& application, const SectionRecord& record);
  bool look_at_all(const sync::ApplicationUid& application);
  /// Of the attempt that has failed, before the next one begins.
  void stop_hooks(const sync::ApplicationUid& application, const SectionRecord& record);
  void clear_kept(const sync::ApplicationUid& application, const SectionRecord& record);
  /// Of one that is unable: what was in force before it is not there as it was.
  bool is_to_go_back(const sync::ApplicationUid& application, const SectionRecord& record, bool all_applied);
  void lost_target(SectionRecord record, const base::Error& why);
  bool is_awaited_elsewhere(const sync::ApplicationUid& application, const Changes& changes) const;
  void remove(const sync::ApplicationUid& application, const SectionRecord& record);

  Parts& parts_;
  Healer& healer_;
  SectionWalker walker_;
  SectionEnd end_;
};

}  // namespace holdfast::edge_agent
