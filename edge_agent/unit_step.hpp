// SPDX-License-Identifier: Apache-2.0
// What is to be done next for a unit to be as it is wanted, and how it is: two tables over what systemd says of it.
// docs/units.md has them for people.
// Threads: pure functions of values.
#pragma once

#include <optional>
#include <string>

#include "base/units.hpp"
#include "edge_agent/driver.hpp"
#include "sync/model/unit_spec.hpp"

namespace holdfast::edge_agent {

struct UnitWant {
  std::optional<bool> enabled;
  std::optional<sync::UnitRun> run;
  bool has_file = false;  ///< whose [Install] section may be another now
  bool masked = false;    ///< in the end, when it is as enabled and run say
  std::string file{};     ///< path of the unit file or drop-in that systemd must have read; empty: any
};

/// What systemd does not say.
struct UnitProgress {
  bool is_settled = false;       ///< what runs began with what is wanted, or it was brought there before
  bool is_reload_due = false;    ///< its file was written since systemd last read them
  bool is_reloaded = false;      ///< by us, since then
  bool is_enabled_anew = false;  ///< since then
  bool is_start_asked = false;   ///< since then: however that came out, it is not asked for again
  bool is_looked = false;        ///< systemd was asked since then, so that what is in its files now is known
  bool is_same_run = false;      ///< what runs is still what ran when it was asked for
  bool has_begun = false;        ///< no start that was asked for is still to begin
  // Done, and systemd did not say since that it came out so.
  bool is_unmask_asked = false;
  bool is_enable_asked = false;
  bool is_disable_asked = false;
  bool is_mask_asked = false;
};

enum class UnitDo {
  kNothing,
  kWait,    ///< systemd is at it; an event tells
  kRefuse,  ///< it cannot be: see reason
  kReload,
  kUnmask,
  kMask,
  kEnable,
  kDisable,
  kStart,
  kStop,
  kRestart,
};

struct UnitStep {
  UnitDo what = UnitDo::kNothing;
  std::string reason{};  ///< for people: how it differs, "was stopped"
};

UnitStep next_step(const UnitWant& want, const base::UnitState& state, const UnitProgress& progress);

/// `is_up_long`: for so long that it counts as started.
ResourceHealth health_of_unit(const UnitWant& want, const base::UnitState& state, bool is_up_long);

/// It is another unit's, by Alias= or by a link.
bool is_alias(const base::UnitState& state);

/// For good: what is enabled or linked until the next boot only is not.
bool is_enabled(const base::UnitState& state);

/// It has a process, or whatever it is that its type has.
bool is_up(const base::UnitState& state);

}  // namespace holdfast::edge_agent
