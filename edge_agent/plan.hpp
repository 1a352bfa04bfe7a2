// SPDX-License-Identifier: Apache-2.0
// plan(desired, actual, inventory) -> Plan: what would have to be done for the host to hold the desired
// state, and what must not be done and why. The one place that decides about adoption, claims and deletes.
// Threads: pure function of values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "sync/model/claim.hpp"
#include "sync/model/ids.hpp"
#include "sync/model/inventory.hpp"
#include "sync/model/resource.hpp"
#include "sync/model/section.hpp"

namespace holdfast::edge_agent {

/// A resource as the planner sees it. A resource without claims (ConfigMap) has nothing on the host.
struct DesiredItem {
  sync::ResourceKey key;
  std::vector<sync::Claim> claims;
  base::Digest effective;  ///< of the driver's resolved spec (references filled in)
  std::int64_t wave = 0;
  int kind_order = 0;
  std::vector<std::string> depends_on;  ///< briefs within the section
  bool prune_disabled = false;
  std::optional<sync::Hook> hook{};
  /// It holds its claims, and nothing is done for it now: a hook that is over, or all that waits while a revision fails.
  bool rests = false;
};

/// Why a section's leftovers may go, or may not.
enum class DeletePermission {
  kNone,       ///< no verified, newer desired state says so (boot after corruption, policy without prune)
  kLimited,    ///< within the prune limit of the last accepted policy
  kConfirmed,  ///< a person allowed it
};

enum class SectionMode {
  kHold,      ///< make it so
  kRollback,  ///< make the last good state so; delete only what `failed` and `given_up` made
  kPrune,     ///< a Removal: delete the inventory of this application
  kRelease,   ///< a Removal: forget the inventory, touch nothing
};

struct SectionInput {
  sync::ApplicationUid application;
  std::string name;
  SectionMode mode = SectionMode::kHold;
  base::Digest digest;                   ///< of the section that `items` come from
  base::Digest failed;                   ///< kRollback: whose objects may be deleted
  std::vector<base::Digest> given_up{};  ///< kRollback: and of good states that are not good any more
  std::vector<DesiredItem> items;        ///< sorted by key
  DeletePermission permission = DeletePermission::kNone;
  bool prune = true;  ///< the policy's; false: leftovers stay and are shown (kHold only)
  sync::PruneLimit prune_limit;
  std::vector<sync::Claim> withhold;
  /// Hooks that are over go as their delete policy says, and what runs of an attempt that is over ends.
  bool clears_hooks = false;
};

/// What the host has at one claim.
struct Observed {
  bool present = false;
  bool matches = false;  ///< equals the effective spec of whoever desires this claim
  /// Carries our ownership mark for exactly this claim; where marks are not possible: is in the inventory.
  bool ours = false;
  bool was_there =
      false;  ///< before this agent took it over, as the mark says; only where it is ours by its mark
  std::string difference{};  ///< for people, when !matches: "mode 0600, want 0644"
  enum class End { kNone, kRuns, kWell, kBadly };
  /// Of what can be a hook: how far that is which is there and carries our mark, whatever is desired; kNone: it was not run.
  End end = End::kNone;
};

struct PlanInput {
  std::vector<SectionInput> sections;  ///< sorted by application
  std::map<sync::Claim, sync::InventoryEntry> inventory;
  /// Nothing is decided about a claim that is neither in here nor in `unobservable`: it was not looked at.
  std::map<sync::Claim, Observed> actual;
  /// What could not be looked at, and why. It is not touched; what should go is withheld until it can be.
  std::map<sync::Claim, base::Error> unobservable;
};

enum class ActionKind {
  kCreate,  ///< nothing is there
  kUpdate,  ///< this resource's by the inventory, and differs
  kAdopt,   ///< there and right, but unmarked or not (or otherwise) in the inventory: record, and mark where
            ///< unmarked
  kTakeOver,  ///< there, foreign or another resource's of ours, and differs: record and update
  kForget,    ///< in the inventory, gone from the host and not desired; or released: drop the record only
  kDelete,
};

struct Action {
  ActionKind kind = ActionKind::kCreate;
  sync::ApplicationUid application;
  sync::ResourceKey key;
  sync::Claim claim;
  base::Digest effective;
  std::int64_t wave = 0;
  std::string reason;      ///< for people: "content differs", "renamed from File/a", "removed from Git"
  bool was_there = false;  ///< before this agent took it over
  /// kDelete: before anything of the section is applied, for it is a hook of an attempt that is over and still runs.
  bool goes_first = false;
  bool operator==(const Action&) const = default;
};

enum class WithheldReason {
  kClaimConflict,  ///< another resource owns the claim; both are named in `message`
  kPruneLimit,     ///< more deletes than allowed: waits for a person
  kPruneDisabled,  ///< holdfast.dev/prune: disabled, or the policy has no prune
  kNoProof,        ///< no verified newer desired state
  kTakenOver,      ///< somebody desires the claim, now or soon
  kNotOurs,        ///< the object does not carry our mark where marks are possible
  kUnobservable,   ///< it should go, but cannot be looked at: tried again
  kDeleteFailed,   ///< it should go, but would not: tried again
  kWaiting,        ///< goes once what was applied after it is gone
  kRolledBack,     ///< a rollback leaves it: only what the failed section made is deleted
};

struct Withheld {
  WithheldReason reason = WithheldReason::kNoProof;
  sync::ApplicationUid application;
  sync::ResourceKey key;
  sync::Claim claim;
  std::string message;
  bool is_not_known_yet = false;  ///< kUnobservable: an event tells, and nothing is wrong
  bool goes_first = false;        ///< as Action's, if it turns out to run
  bool operator==(const Withheld&) const = default;
};

struct Plan {
  /// Per application: applies by wave, then dependencies, then kind, then name; then deletes in reverse
  /// order. Applications in order of their uid; they do not wait for each other.
  std::vector<Action> actions;
  std::vector<Withheld> withheld;
};

Plan plan(const PlanInput& input);

std::string_view to_string(ActionKind kind);
std::string_view to_string(WithheldReason reason);

}  // namespace holdfast::edge_agent
