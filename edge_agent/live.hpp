// SPDX-License-Identifier: Apache-2.0
// What the engine knows of each section that need not survive it: how far a walk is, when the next try is
// due, what is left over; and Parts, the pieces that walking, healing and reporting share.
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/backoff.hpp"
#include "base/clock.hpp"
#include "edge_agent/drift_book.hpp"
#include "edge_agent/drivers.hpp"
#include "edge_agent/event_book.hpp"
#include "edge_agent/state_store.hpp"
#include "edge_agent/targets.hpp"
#include "edge_agent/work_queue.hpp"
#include "sync/model/snapshot.hpp"

namespace holdfast::edge_agent {

struct Walk {
  base::Digest digest;
  sync::SectionPhase phase = sync::SectionPhase::kApplying;
  std::vector<bool> done;          ///< by item: applied in this walk
  std::optional<Turn> turn;        ///< the latest that was entered
  base::MonotonicTime deadline{};  ///< of that turn
  std::size_t created = 0;
  std::size_t updated = 0;
  std::size_t adopted = 0;
  std::size_t deleted = 0;
  bool touched() const { return created + updated + adopted + deleted > 0; }
};

/// What begins a section's walk again before its time.
enum class Awaits {
  kChange,  ///< of something that it has come to
  kAnswer,  ///< of whoever was asked what is there, whatever it is about
  kEngine,  ///< there was no container engine, and nothing else kept it from going on: then at once
};

struct LiveSection {
  std::optional<Walk> walk;
  base::MonotonicTime retry_at{};
  base::Backoff host_backoff{{.base = std::chrono::seconds{5},
                              .factor = 2,
                              .max = std::chrono::minutes{3},
                              .reset_after = std::chrono::milliseconds{0},
                              .is_first_free = false}};
  std::optional<base::Error>
      trouble;  ///< what the record does not say: a store that would not take it, a way back that fails
  std::vector<Withheld> leftovers;  ///< what is kept though nobody desires it, and why
  bool leftovers_known = false;
  Awaits awaits = Awaits::kChange;
};

/// The accepted header, in short.
struct AcceptedState {
  sync::Generation generation;
  base::Digest content;
  base::Digest header;
  bool verified = false;  ///< its signature held when it was last looked at
  /// There is one, and nothing new of it is done.
  bool is_unverified() const { return generation != sync::Generation{} && !verified; }
  std::set<sync::ApplicationUid> applications;  ///< that it names; a section that it does not is orphaned
};

struct Counters {
  std::uint64_t drift_healed = 0;
  std::uint64_t repairs_failed = 0;
  std::uint64_t actions = 0;
  std::uint64_t deletes = 0;
  std::uint64_t rollbacks = 0;
  std::uint64_t states_accepted = 0;
  std::uint64_t states_refused = 0;
  std::uint64_t part_bytes = 0;  ///< of sections that came in parts
  std::uint64_t full_passes = 0;
  std::chrono::milliseconds last_full_pass{};  ///< how long it took
  std::chrono::milliseconds
      first_reconcile{};  ///< from the start of the program to the end of the first pass
};

struct Parts {
  base::Clock& clock;
  StateStore& store;
  Drivers& drivers;
  Targets& targets;
  WorkQueue& queue;
  DriftBook& drift;
  EventBook& events;
  std::map<sync::ApplicationUid, LiveSection>& live;
  AcceptedState& accepted;
  Counters& counters;
  const std::string& boot;  ///< which boot of the machine this is
  bool& changed;            ///< a status may have changed since the snapshot was made

  void look_at(const sync::ApplicationUid& application, base::MonotonicTime at) {
    queue.add({WorkKind::kSection, application.str()}, at);
  }
  void look_at(const sync::Claim& claim, base::MonotonicTime at) {
    queue.add({WorkKind::kClaim, claim.text()}, at);
  }
  bool is_orphaned(const SectionRecord& record) const {
    return !record.removal_pending && !accepted.applications.contains(record.accepted.application);
  }
  /// Something is known anew of a claim of this application; `is_change`: of what its walk has come to.
  void heard(const sync::ApplicationUid& application, bool is_change);
  /// Notes what the snapshot will say of an item.
  void show(TargetItem& item, sync::SyncStatus sync, ResourceHealth health);
};

}  // namespace holdfast::edge_agent
