// SPDX-License-Identifier: Apache-2.0
// Driver: how resources of one kind are observed and made so, through the Host. Drivers keep no truth of
// their own: what they remember (stamps, probe results) can be lost at any time and is only there to be fast
// or polite. Every call is idempotent, and apply() does nothing when nothing is to be done.
// Threads: one, the engine's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/host.hpp"
#include "base/result.hpp"
#include "edge_agent/plan.hpp"
#include "edge_agent/references.hpp"
#include "sync/model/health.hpp"
#include "sync/model/inventory.hpp"
#include "sync/model/section.hpp"

namespace holdfast::edge_agent {

/// A resource with its references filled in, ready to be compared and applied. Drivers derive from it.
struct Effective {
  virtual ~Effective() = default;
  /// Forgets what can be resolved again from the stored section (contents of files), so that holding a
  /// thousand of these is cheap. observe(), tend(), health() and watch() work without it; apply() needs a
  /// whole one.
  virtual void shed() {}
  /// Of a hook: makes it differ from what was run for every other attempt, on the host, too.
  virtual void salt(const base::Digest& attempt) {
    digest = base::Digest::of(digest.hex() + "\n" + attempt.hex());
  }
  sync::ResourceKey key;
  std::vector<sync::Claim> claims;
  base::Digest digest;     ///< of everything that matters on the host
  std::uint32_t gpus = 0;  ///< of the node's, that it may hold at a time
};

struct ResourceHealth {
  sync::Health health = sync::Health::kUnknown;
  std::string reason{};
  std::string message{};
  /// It will never get better by itself, so nobody need wait for the progress deadline.
  bool is_final = false;
  /// What can be a hook: it has ended well, and is not merely well while it runs.
  bool has_ended = false;
  /// It waits for what the machine fetches (an image) or gives (a GPU), or cannot for want of a network or of room, which is not
  /// the revision's fault: no deadline counts.
  bool waits_for_node = false;
  bool is_told = false;  ///< by an event, too: somebody has to do something about it
};

/// "NotReady: container app: readiness probe: HTTP 500"; empty: it says nothing.
std::string cause_text(const ResourceHealth& health);

/// What a driver tells when another program than the host (a container engine, systemd) let it know something: the claim to look
/// at. Never from inside a call of the driver.
using DueListener = std::function<void(const sync::Claim&)>;
/// The same for later: look at the claim at this time, whatever happens until then. May be called from inside a call of the driver.
using DueAtListener = std::function<void(const sync::Claim&, base::MonotonicTime)>;

/// What a driver answers while the first word of such a program is on its way: nothing is shown or told, for an event tells.
base::Error not_known_yet(std::string what);
bool is_not_known_yet(const base::Error& error);
/// What it answers while that program is not there: a condition of the node, where it is told once for all.
base::Error engine_down(const base::Error& why);
bool is_engine_down(const base::Error& error);

class Driver {
 public:
  virtual ~Driver() = default;
  /// Reads the resource and what it refers to in its section; changes nothing.
  virtual base::Result<std::unique_ptr<Effective>> resolve(const sync::Resource& resource,
                                                           References& references) = 0;
  /// `wanted` is null for a claim that only the inventory knows.
  virtual base::Result<Observed> observe(const sync::Claim& claim, const Effective* wanted,
                                         const sync::InventoryEntry* entry) = 0;
  enum class Progress { kDone, kPending };  ///< kPending: an event tells; call again then
  /// Whether prepare() has something to do for this kind.
  virtual bool prepares() const { return false; }
  /// Fetches what apply() will need. Touches nothing of the resource, so what was there goes on until it is done. REQUIRES:
  /// `wanted` is whole.
  virtual base::Result<Progress> prepare(const Effective& /*wanted*/) { return Progress::kDone; }
  /// REQUIRES: `wanted` is whole. Marks what it makes.
  virtual base::Result<Progress> apply(const Effective& wanted, const Action& action) = 0;
  /// Why prepare() or apply() is pending, for people; nullopt: the old one is still ending.
  virtual std::optional<ResourceHealth> pending(const Effective& /*wanted*/) { return std::nullopt; }
  /// kDone only when it is really gone.
  virtual base::Result<Progress> remove(const sync::InventoryEntry& entry) = 0;

  struct Tended {
    std::string restarted{};                        ///< why it was started again; empty: it was not
    std::optional<base::MonotonicTime> again_at{};  ///< tend again then even without an event
    /// What is due now needs a whole one (a Job starts its next pod): apply() is called with it at once. No drift, so it waits for nothing.
    bool wants_whole = false;
    std::string missed{};  ///< what a schedule left out, told once
  };
  /// Keeps going what was applied: restarts by policy, probes. REQUIRES: it was applied and still matches.
  virtual base::Result<Tended> tend(const Effective& wanted) = 0;
  /// Of a hook that is over and has ended: what time alone still asks for (a Job's containers go when theirs has come). Starts
  /// nothing.
  virtual base::Result<Tended> tend_ended(const Effective& /*wanted*/) { return Tended{}; }
  /// By what the last observe(), apply() and tend() saw; touches nothing.
  virtual ResourceHealth health(const Effective& wanted) = 0;

  /// From now on host events about this resource are told; idempotent.
  virtual base::Status watch(const Effective& wanted) = 0;
  virtual void unwatch(const sync::Claim& claim) = 0;
  /// Takes note of a host event; the claims to look at, if it is about this driver's.
  virtual std::vector<sync::Claim> on_event(const base::HostEvent& event) = 0;
};

}  // namespace holdfast::edge_agent
