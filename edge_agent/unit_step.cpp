// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/unit_step.hpp"

#include <algorithm>

#include "base/limits/units.hpp"
#include "base/planted.hpp"

namespace holdfast::edge_agent {
namespace {

using base::UnitState;
using sync::Health;
using sync::UnitRun;

bool is_loadable(const UnitState& state) { return state.load == "loaded"; }

/// It did what it is for, and there is nothing left of it to run.
bool has_completed(const UnitState& state) {
  return state.active == "inactive" && state.type == "oneshot" &&
         (state.result.empty() || state.result == "success");
}

/// Its main process ended first, or there was nothing to do; one that is stopped begins to stop, and then that ends.
bool has_ended_itself(const UnitState& state) {
  if (state.active != "inactive") return false;
  const auto gap = std::chrono::microseconds(state.active_exit_us - state.main_exit_us);
  return state.is_unmet || (state.main_exit_us > 0 && gap.count() >= 0 && gap < base::limits::kUnitEndGap);
}

/// systemd has another file in its place, or read none that is new.
bool is_read_elsewhere(const UnitWant& want, const UnitState& state) {
  if (want.file.empty() || !is_loadable(state) || want.file == state.fragment) return false;
  return std::ranges::find(state.drop_ins, want.file) == state.drop_ins.end();
}

std::string read_elsewhere(const UnitWant& want, const UnitState& state) {
  return "systemd reads " + state.name + " from " + state.fragment + " and not " + want.file +
         ": a transient unit, or a file in a folder that comes first; stop or remove that";
}

std::string alias_of(const UnitState& state) {
  return state.name + " is another name of " + state.id +
         " (Alias= of that, or a link); name that one, or disable it";
}

std::string cannot_load(const UnitState& state) {
  if (state.load == "not-found") return "this machine has no unit " + state.name;
  return "systemd cannot load " + state.name + " (" + state.load + ")" +
         (state.load_error.empty() ? "" : ": " + state.load_error);
}

std::string how_it_ended(const UnitState& state) {
  std::string text = "ended with " + (state.result.empty() ? "failure" : state.result);
  if (state.exit_status != 0) text += " " + std::to_string(state.exit_status);
  return text;
}

/// A job of systemd that did nothing: of a socket without its service, or of what depends on something that failed.
std::string start_refused(const UnitState& state) {
  return "systemd did not start " + state.name +
         ", and says no more than that it is inactive: a socket without its service, or something that it "
         "requires; \"systemctl status " +
         state.name + "\" has the reason";
}

UnitStep run_step(const UnitWant& want, const UnitState& state, const UnitProgress& progress);

UnitStep masked_step(const UnitWant& want, const UnitState& state, const UnitProgress& progress) {
  // What was running when it was masked runs on, and can be stopped.
  if (want.run == UnitRun::kStopped && !want.has_file && want.enabled != true)
    return run_step(want, state, progress);
  const bool is_wanted = want.run == UnitRun::kRunning || want.enabled == true || want.has_file;
  if (!is_wanted || want.masked) return {};
  if (!progress.is_unmask_asked) return {UnitDo::kUnmask, "is masked"};
  return {UnitDo::kRefuse, state.name +
                               " is masked elsewhere than in /etc: in /run by \"systemctl mask --runtime\", "
                               "or in /usr/lib by the distribution; unmask it there, or do not ask for it"};
}

std::optional<UnitStep> load_step(const UnitWant& want, const UnitState& state,
                                  const UnitProgress& progress) {
  // From version 255 on systemd says so of all units whenever one is enabled: it counts where it may matter.
  const bool may_differ = !progress.is_settled && !progress.is_enabled_anew && !progress.is_reloaded;
  const bool is_unread =
      state.needs_reload && (may_differ || (!is_loadable(state) && state.load != "masked"));
  const bool is_elsewhere = is_read_elsewhere(want, state);
  const bool is_read_anew = progress.is_reload_due || is_unread || (is_elsewhere && !progress.is_reloaded);
  if (is_read_anew && !base::planted("unit-files-not-read"))
    return UnitStep{UnitDo::kReload, "its files were not read by systemd yet"};
  if (is_alias(state)) return UnitStep{UnitDo::kRefuse, alias_of(state)};
  if (is_elsewhere) return UnitStep{UnitDo::kRefuse, read_elsewhere(want, state)};
  if (is_loadable(state)) return std::nullopt;
  if (state.load == "masked") return masked_step(want, state, progress);
  return UnitStep{UnitDo::kRefuse, cannot_load(state)};
}

std::optional<UnitStep> file_step(const UnitWant& want, const UnitState& state,
                                  const UnitProgress& progress) {
  if (!want.enabled) return std::nullopt;
  if (!*want.enabled) {
    if (state.file != "enabled") return std::nullopt;
    if (!progress.is_disable_asked) return UnitStep{UnitDo::kDisable, "is enabled"};
    return UnitStep{UnitDo::kRefuse,
                    state.name + " is enabled elsewhere than in /etc, and stays so when it is disabled"};
  }
  const bool is_anew = want.has_file && !progress.is_settled && !progress.is_enabled_anew;
  if (is_enabled(state) && !is_anew) return std::nullopt;
  if (!is_enabled(state) && progress.is_enable_asked)
    return UnitStep{UnitDo::kRefuse, state.name + " was enabled, and systemd says that it is \"" +
                                         state.file +
                                         "\": its [Install] section has no WantedBy= or RequiredBy="};
  return UnitStep{UnitDo::kEnable,
                  is_enabled(state) ? "its [Install] section may be another" : "is not enabled"};
}

bool is_done(const UnitProgress& progress) { return progress.is_settled || progress.is_start_asked; }

/// It runs, and is to run with what is wanted.
UnitStep up_step(const UnitState& state, const UnitProgress& progress) {
  if (!is_done(progress)) return {UnitDo::kRestart, "runs with what it was before"};
  if (progress.is_settled || !progress.is_same_run) return {};
  return {UnitDo::kRefuse, state.name + " was to be restarted and did not end (" + state.result +
                               "): it runs with what it was before"};
}

UnitStep running_step(const UnitState& state, const UnitProgress& progress) {
  if (state.active == "deactivating") return {UnitDo::kWait, "is being stopped"};
  if (is_up(state)) return up_step(state, progress);
  if (!is_done(progress)) return {UnitDo::kStart, "does not run"};
  // How it ends is its own affair (Restart=); that somebody stopped it is not.
  if (state.active == "failed" || has_completed(state) || has_ended_itself(state)) return {};
  if (progress.is_start_asked && progress.has_begun) return {};
  if (progress.is_start_asked) return {UnitDo::kRefuse, start_refused(state)};
  return {UnitDo::kStart, "was stopped"};
}

UnitStep run_step(const UnitWant& want, const UnitState& state, const UnitProgress& progress) {
  // What hangs in its start would be waited for as long as that may take: what is asked for now takes the place of its job.
  const bool may_replace =
      state.active == "activating" && (want.run == UnitRun::kStopped || !is_done(progress));
  if (state.has_job && !may_replace) return {UnitDo::kWait, "a job of systemd is on its way"};
  if (want.run == UnitRun::kRunning) return running_step(state, progress);
  if (want.run == UnitRun::kStopped) {
    if (state.active == "deactivating") return {UnitDo::kWait, "is being stopped"};
    return is_up(state) ? UnitStep{UnitDo::kStop, "runs"} : UnitStep{};
  }
  return is_up(state) ? up_step(state, progress) : UnitStep{};
}

ResourceHealth down_health(const UnitWant& want, const UnitState& state) {
  if (state.active == "failed") return {Health::kDegraded, "Failed", how_it_ended(state), true};
  if (state.active == "deactivating") return {Health::kProgressing, "Stopping", "is being stopped"};
  if (has_completed(state)) return {Health::kHealthy, "Completed", ""};
  if (want.run != UnitRun::kRunning) return {Health::kHealthy, "NotRunning", ""};
  if (state.is_unmet)
    return {Health::kDegraded, "ConditionNotMet",
            "a Condition or an Assert of it was not met; \"systemctl status " + state.name + "\" says which",
            true};
  return {Health::kDegraded, "NotRunning", "does not run, and systemd says that it ended well"};
}

ResourceHealth activating_health(const UnitState& state) {
  if (state.sub != "auto-restart") return {Health::kProgressing, "Starting", state.sub};
  const std::string message =
      how_it_ended(state) + "; restarted by systemd " + std::to_string(state.restarts) + " times so far";
  if (state.restarts >= base::limits::kUnitCrashLoopRestarts)
    return {Health::kDegraded, "CrashLoopBackOff", message};
  return {Health::kProgressing, "Restarting", message};
}

}  // namespace

bool is_alias(const UnitState& state) { return !state.id.empty() && state.id != state.name; }

bool is_enabled(const UnitState& state) { return state.file == "enabled" || state.file == "alias"; }

bool is_up(const UnitState& state) {
  return state.active == "active" || state.active == "reloading" || state.active == "activating" ||
         state.active == "refreshing";
}

UnitStep next_step(const UnitWant& want, const UnitState& state, const UnitProgress& progress) {
  if (auto step = load_step(want, state, progress)) return *step;
  if (auto step = file_step(want, state, progress)) return *step;
  UnitStep step = run_step(want, state, progress);
  const bool is_last = step.what == UnitDo::kNothing && want.masked && !progress.is_mask_asked;
  if (is_last && is_loadable(state)) step = {UnitDo::kMask, "was masked"};
  return step;
}

ResourceHealth health_of_unit(const UnitWant& want, const UnitState& state, bool is_up_long) {
  if (state.load == "not-found") return {Health::kMissing, "Missing", cannot_load(state)};
  if (is_alias(state)) return {Health::kDegraded, "LoadFailed", alias_of(state)};
  if (state.load == "masked" && !(want.run == UnitRun::kStopped && is_up(state))) {
    if (want.run != UnitRun::kRunning) return {Health::kHealthy, "Masked", ""};
    return {Health::kDegraded, "Masked", state.name + " is masked"};
  }
  if (!is_loadable(state) && state.load != "masked")
    return {Health::kDegraded, "LoadFailed", cannot_load(state), true};
  if (want.run == UnitRun::kStopped) {
    if (!is_up(state) && state.active != "deactivating") return {Health::kHealthy, "Stopped", ""};
    return {Health::kProgressing, "Stopping", state.active};
  }
  if (state.active == "activating") return activating_health(state);
  if (!is_up(state)) return down_health(want, state);
  if (!is_up_long) return {Health::kProgressing, "Starting", ""};
  return {Health::kHealthy, "", ""};
}

}  // namespace holdfast::edge_agent
