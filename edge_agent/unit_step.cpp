// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/unit_step.hpp"

#include "base/limits/units.hpp"

namespace holdfast::edge_agent {
namespace {

using base::UnitState;
using sync::Health;
using sync::UnitRun;

/// For good: what is enabled or linked until the next boot only is not.
bool is_enabled(const UnitState& state) { return state.file == "enabled" || state.file == "alias"; }

bool is_loadable(const UnitState& state) { return state.load == "loaded"; }

/// It did what it is for, and there is nothing left of it to run.
bool has_completed(const UnitState& state) {
  return state.active == "inactive" && state.type == "oneshot" &&
         (state.result.empty() || state.result == "success");
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

std::optional<UnitStep> load_step(const UnitWant& want, const UnitState& state,
                                  const UnitProgress& progress) {
  if (progress.is_reload_due || state.needs_reload)
    return UnitStep{UnitDo::kReload, "its files were not read by systemd yet"};
  if (is_loadable(state)) return std::nullopt;
  const bool is_wanted = want.run == UnitRun::kRunning || want.enabled == true || want.has_file;
  if (state.load == "masked") return is_wanted ? UnitStep{UnitDo::kUnmask, "is masked"} : UnitStep{};
  return UnitStep{UnitDo::kRefuse, cannot_load(state)};
}

std::optional<UnitStep> file_step(const UnitWant& want, const UnitState& state,
                                  const UnitProgress& progress) {
  if (!want.enabled) return std::nullopt;
  if (!*want.enabled) {
    if (state.file == "enabled") return UnitStep{UnitDo::kDisable, "is enabled"};
    return std::nullopt;
  }
  const bool is_anew = want.has_file && !progress.is_settled && !progress.is_enabled_anew;
  if (is_enabled(state) && !is_anew) return std::nullopt;
  return UnitStep{UnitDo::kEnable,
                  is_enabled(state) ? "its [Install] section may be another" : "is not enabled"};
}

UnitStep running_step(const UnitState& state, const UnitProgress& progress) {
  if (state.active == "deactivating") return {UnitDo::kWait, "is being stopped"};
  const bool is_done = progress.is_settled || progress.is_start_asked;
  if (is_up(state)) return is_done ? UnitStep{} : UnitStep{UnitDo::kRestart, "runs with what it was before"};
  if (!is_done) return {UnitDo::kStart, "does not run"};
  // How it ends is its own affair (Restart=); that somebody stopped it is not.
  if (state.active == "failed" || has_completed(state) || progress.is_start_asked) return {};
  return {UnitDo::kStart, "was stopped"};
}

UnitStep run_step(const UnitWant& want, const UnitState& state, const UnitProgress& progress) {
  if (state.has_job) return {UnitDo::kWait, "a job of systemd is on its way"};
  if (want.run == UnitRun::kRunning) return running_step(state, progress);
  if (want.run == UnitRun::kStopped) {
    if (state.active == "deactivating") return {UnitDo::kWait, "is being stopped"};
    return is_up(state) ? UnitStep{UnitDo::kStop, "runs"} : UnitStep{};
  }
  const bool is_done = progress.is_settled || progress.is_start_asked;
  if (is_up(state) && !is_done) return {UnitDo::kRestart, "runs with what it was before"};
  return {};
}

ResourceHealth down_health(const UnitWant& want, const UnitState& state) {
  if (state.active == "failed") return {Health::kDegraded, "Failed", how_it_ended(state), true};
  if (state.active == "deactivating") return {Health::kProgressing, "Stopping", "is being stopped"};
  if (has_completed(state)) return {Health::kHealthy, "Completed", ""};
  if (want.run != UnitRun::kRunning) return {Health::kHealthy, "NotRunning", ""};
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

bool is_up(const UnitState& state) {
  return state.active == "active" || state.active == "reloading" || state.active == "activating" ||
         state.active == "refreshing";
}

UnitStep next_step(const UnitWant& want, const UnitState& state, const UnitProgress& progress) {
  if (auto step = load_step(want, state, progress)) return *step;
  if (auto step = file_step(want, state, progress)) return *step;
  return run_step(want, state, progress);
}

ResourceHealth health_of_unit(const UnitWant& want, const UnitState& state, bool is_up_long) {
  if (state.load == "not-found") return {Health::kMissing, "Missing", cannot_load(state)};
  if (state.load == "masked") {
    if (want.run != UnitRun::kRunning) return {Health::kHealthy, "Masked", ""};
    return {Health::kDegraded, "Masked", state.name + " is masked"};
  }
  if (!is_loadable(state)) return {Health::kDegraded, "LoadFailed", cannot_load(state), true};
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
