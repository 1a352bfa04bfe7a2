// SPDX-License-Identifier: Apache-2.0
// Healer: keeps what was applied. Looks at one claim at a time, repairs only what drifted, tends what runs,
// and leaves what was not applied yet to the section's walk. Writes nothing to the store.
// Threads: one, the engine's.
#pragma once

#include "edge_agent/live.hpp"

namespace holdfast::edge_agent {

class Healer {
 public:
  explicit Healer(Parts& parts) : parts_(parts) {}

  /// False: it is not applied yet, or something else is by its claim: that is for the section's walk.
  bool look(const sync::ApplicationUid& application, Target& target, TargetItem& item);
  /// Whether all that it claims was applied as it is wanted now.
  bool is_applied(const sync::ApplicationUid& application, const TargetItem& item) const;
  /// Keeps going what an earlier section left at this claim, while that of the one on its way has not had its turn.
  /// False: it left nothing there, or that had its turn.
  bool look_at_outgoing(const sync::ApplicationUid& application, const sync::Claim& claim);
  void look_at_outgoing(const sync::ApplicationUid& application);
  /// The claim was applied by a walk: a repair of it that went on is over, and was none.
  void applied(const sync::Claim& claim) { open_.erase(claim); }
  /// Tends an item that is in place and notes its health.
  void tend(const sync::ApplicationUid& application, const Target& target, TargetItem& item);

 private:
  bool is_applied_at(const sync::ApplicationUid& application, const TargetItem& item,
                     const sync::Claim& claim) const;
  bool is_taken_over(const TargetItem& item, Target* next) const;
  base::Result<Driver::Progress> apply_whole(const base::Digest& section, const TargetItem& item,
                                             const Action& action) const;
  /// What tend() asked for.
  bool go_on(const sync::ApplicationUid& application, const Target& target, TargetItem& item);
  void tell(const sync::ApplicationUid& application, const TargetItem& item, const ResourceHealth& health);
  void show_engine_down(TargetItem& item, const base::Error& error);
  /// What was seen at one of its claims.
  struct Drift {
    const sync::Claim& claim;
    const Observed& observed;
  };
  void drifted(const sync::ApplicationUid& application, Target& target, TargetItem& item, const Drift& drift);
  void repair(const sync::ApplicationUid& application, Target& target, TargetItem& item, const Drift& drift);
  Subject subject(const sync::ApplicationUid& application, const TargetItem& item) const;
  void show_resting(const sync::ApplicationUid& application, TargetItem& item);
  Observed::End look_at_resting(const sync::ApplicationUid& application, const TargetItem& item);

  /// Says that a repair is done; what was repaired counts as one drift.
  void healed(const sync::ApplicationUid& application, const TargetItem& item, const sync::Claim& claim,
              const std::string& difference);

  Parts& parts_;
  std::map<sync::Claim, std::string> open_;  ///< repairs that go on, and of what
};

}  // namespace holdfast::edge_agent
