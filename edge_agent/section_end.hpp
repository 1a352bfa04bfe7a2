// SPDX-License-Identifier: Apache-2.0
// SectionEnd: how a walk ends: leftovers deleted or kept for a reason, a failure turned into a retry, a
// quarantine or a rollback; and the one commit that makes it so, with the events that tell of it.
// Threads: one, the engine's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "edge_agent/hosts_fault.hpp"
#include "edge_agent/live.hpp"
#include "edge_agent/plan.hpp"

namespace holdfast::edge_agent {

class SectionEnd {
 public:
  explicit SectionEnd(Parts& parts) : parts_(parts) {}

  struct Leaving {
    bool is_pending = false;  ///< something is on its way out, or is not known yet: an event tells
    bool is_unknown = false;  ///< the latter
    bool is_held = false;     ///< waits for a person
    std::string held_message;
    std::size_t kept = 0;  ///< stays, for whatever reason
    std::size_t deleted = 0;
    std::optional<base::Error> error;
  };
  /// Carries out the plan's deletes and forgets for this application: decided, stored, done, stored (the last
  /// with the caller's next commit). An error of the store is returned; one of the host is in Leaving.
  base::Result<Leaving> clear_leftovers(const SectionRecord& record, const Plan& plan, Changes& changes);

  /// Of the plan only what goes first: what still runs of hooks whose attempt is over, or may. nullopt: there is nothing.
  base::Result<std::optional<Leaving>> stop_hooks(const SectionRecord& record, const Plan& plan,
                                                  Changes& changes);
  /// Of which nothing is done now: what stays for a reason is shown.
  void show_withheld(const SectionRecord& record, const Plan& plan);

  /// Writes what the event makes of the record, with `changes`, and does what follows from it.
  void conclude(SectionRecord record, SectionEvent event, Changes& changes);
  /// The same for something that the host would not do: which event it is, and what the record says about it.
  void fail(SectionRecord record, const base::Error& error, Changes& changes);
  /// The machine went down in the middle of it again and again.
  void fail_by_reboots(SectionRecord record);
  /// All was done and a resource does not become healthy: always the revision's failure.
  void fail_gate(SectionRecord record, const base::Error& error, Changes& changes);
  /// What is wanted is there; something that is not wanted would not go: tried for as long as it takes.
  void fail_leaving(SectionRecord record, const base::Error& error, Changes& changes);
  /// All is done but for a resource whose claim somebody else holds.
  void claim_waits(SectionRecord record, const std::string& conflict, Changes& changes);
  /// The store itself would not take it: nothing is known to be written, and it is tried again.
  void trouble(const SectionRecord& record, const base::Error& error);
  /// A section that is where it should be has something that the record does not tell: shown, and tried again.
  void keep_trouble(const SectionRecord& record, std::string_view reason, const base::Error& error);
  void no_trouble(const SectionRecord& record);
  /// What it says needs an ability that this agent lacks, or cannot be read by it.
  void unable(SectionRecord record, const base::Error& why);

 private:
  void tell_deleted(const Action& action, Leaving& leaving, const std::string& reason);
  void delete_in_turn(const std::vector<const Action*>& deletes, Changes& changes, Leaving& leaving,
                      std::vector<Withheld>& kept);
  Driver::Progress delete_one(const Action& action, Changes& changes, Leaving& leaving,
                              std::vector<Withheld>& kept);
  bool is_resting(const Withheld& withheld) const;
  std::vector<Withheld> keep_withheld(const SectionRecord& record, const Plan& plan, Leaving& leaving) const;
  void keep_leftovers(const SectionRecord& record, std::vector<Withheld> kept);
  void try_again(const SectionRecord& record, base::Error why);
  /// `event`: kRollbackFailed where another good state may do better, kHostFailed where none could.
  void fail_back(const SectionRecord& record, const base::Error& error, SectionEvent event, Changes& changes);
  void end_hooks(const SectionRecord& record, const base::Error& error, Changes& changes);
  SectionHooks hooks_of(const SectionRecord& record) const;
  void clear_hooks_later(const SectionRecord& record);
  std::uint32_t retry_limit(const SectionRecord& record) const;
  void schedule(const SectionRecord& record, SectionCommand command, SectionEvent event);
  void tell(const SectionRecord& before, const SectionRecord& after, SectionEvent event);
  void tell_held(const SectionRecord& after);
  void tell_rolled_back(const SectionRecord& after);
  void tell_applied(const SectionRecord& after, bool is_news);
  void wake_waiting(const sync::ApplicationUid& application);

  Parts& parts_;
};

/// Whether a section that cannot be loaded is no fault of its own: its bytes are not there, or not as they were.
bool is_of_the_store(const base::Error& error);

/// Adds the new "all applied" record to `changes` when every section is where it was accepted.
void settle_applied(const Parts& parts, Changes& changes);

}  // namespace holdfast::edge_agent
