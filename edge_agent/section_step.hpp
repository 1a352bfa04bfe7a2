// SPDX-License-Identifier: Apache-2.0
// The life of one section on a node, as a table: (phase, what was seen) -> (phase, what to do). Pure; the
// engine feeds it and carries out what it says. Accepted, applied and last good are three records: a rollback
// never lowers what was accepted.
// Threads: pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "sync/model/desired_state.hpp"
#include "sync/model/hook.hpp"
#include "sync/model/snapshot.hpp"

namespace holdfast::edge_agent {

/// What is stored of a section (table "section", by application uid).
struct SectionRecord {
  sync::SectionRef accepted;            ///< what the newest desired state says
  base::Digest applied;                 ///< whose resources are on the host, gates passed
  std::vector<base::Digest> last_good;  ///< newest first, at most limits::kLastGoodKept
  /// What the way back deletes the objects of, beside those of `accepted`: good states that made way for the one before them, and
  /// sections that never became good and were superseded. The newest limits::kLastGoodKept, until one is good again.
  std::vector<base::Digest> given_up{};
  std::vector<base::Digest> quarantined;  ///< known bad, not tried again; survives restarts
  sync::SectionPhase phase = sync::SectionPhase::kPending;
  std::uint32_t attempt = 0;  ///< failed attempts of `accepted` in a row
  /// Which attempt of this application hooks are run for: one more with each other digest and each failure. Counted from
  /// the first hook on: an older agent can read the record of an application that never had one.
  std::uint32_t run = 0;
  std::string reason;
  std::string message;
  /// The boot in which the attempt under way (phase Applying) was last seen; empty: nothing of it was applied yet.
  std::string touched_in{};
  std::uint32_t cut_off =
      0;  ///< boots in a row that ended in the middle of that attempt, after something was applied
  bool removal_pending = false;  ///< a Removal waits to be finished; `removal` says how
  sync::Removal removal;
  bool operator==(const SectionRecord&) const = default;
};
std::string encode_section_record(const SectionRecord& record);
base::Result<SectionRecord> decode_section_record(std::string_view bytes);

enum class SectionEvent {
  kAccepted,         ///< a new digest, confirmation or set of withheld claims was stored
  kRemovalAccepted,  ///< a Removal of this application was stored
  kBegin,            ///< the engine looks at a pending section, or at one whose retry is due
  kUnable,           ///< a resource needs an ability we lack, or what was applied cannot be loaded any more
  kAllHealthy,       ///< every wave is applied and healthy, leftovers are gone or withheld for good reason
  kClaimWaits,       ///< all is done but for a resource whose claim somebody else holds
  kFailed,           ///< an action failed or the progress deadline passed
  kFailedForGood,    ///< as kFailed, and the same bytes can never do better
  kHostFailed,       ///< the host could not (disk full or failing, no more files): not the revision's fault,
                     ///< does not count
  kOverPruneLimit,   ///< as kAllHealthy, but deletes wait for a person
  kRolledBack,       ///< the last good state is in force again
  kRollbackFailed,   ///< the host is well, and yet it does not become healthy: the one before it may
  kHooksOver,        ///< the SyncFail hooks have ended, well or not
  kRemoved,          ///< nothing of a removed application is left in the inventory
  kRetryAsked,       ///< a person asked (`holdfast sync`): quarantine is lifted
};

enum class SectionCommand {
  kNothing,
  kApply,  ///< walk the waves of target_digest()
  kKeep,   ///< steady: watch for drift, self-heal
  kScheduleRetry,
  kRollBack,  ///< to last_good.front()
  kReportApplied,
  kErase,  ///< drop the record
};

struct SectionStep {
  sync::SectionPhase phase;
  SectionCommand command;
  bool operator==(const SectionStep&) const = default;
};

/// What hooks the accepted section has.
enum class SectionHooks {
  kNone,
  kSome,
  kSyncFail,  ///< some, and of those that run when it has failed for good
};

/// REQUIRES: nothing; a pair that has no row keeps the phase and does nothing. `retry_limit`: of the
/// section's policy; record.attempt counts the failure that is being told.
SectionStep step(const SectionRecord& record, SectionEvent event, std::uint32_t retry_limit,
                 SectionHooks hooks = SectionHooks::kNone);

/// step(), with the record's own books kept: attempts, quarantine, applied and last good.
struct Advance {
  SectionRecord record;
  SectionCommand command;
};
Advance advance(SectionRecord record, SectionEvent event, std::uint32_t retry_limit,
                SectionHooks hooks = SectionHooks::kNone);
/// Before kAccepted: what was under way is `was`, another digest, and so are the hooks that were run for it. `hooks`: of the
/// other digest.
void begin_another(SectionRecord& record, const base::Digest& was, SectionHooks hooks);

/// Of a machine that has just begun this boot: whether the one before ended in the middle of an attempt. An agent that was merely
/// started again is in the same boot.
void note_boot(SectionRecord& record, const std::string& boot);
/// It took the machine down so often that it is tried no more; docs/decisions/0027-reboot-loops.md.
bool is_reboot_loop(const SectionRecord& record);

/// The digest that should be on the host now: accepted, or last good while quarantined, rolling back or
/// unschedulable (accepted where there is no last good).
base::Digest target_digest(const SectionRecord& record);
bool is_quarantined(const SectionRecord& record, const base::Digest& digest);
/// What was applied before the one that is on its way: whatever of it is still on the host is kept going until its turn
/// comes. None: nothing was, or nothing else is on its way.
base::Digest outgoing_digest(const SectionRecord& record);
/// Whether nothing is done for a resource of target_digest() now: hooks run on the way to what is new, and only those of
/// stage kSyncFail when that has failed for good.
bool rests(const SectionRecord& record, const std::optional<sync::Hook>& hook);

}  // namespace holdfast::edge_agent
