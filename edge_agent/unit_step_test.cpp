// SPDX-License-Identifier: Apache-2.0
// The two tables of a unit: what is to be done next, and its health.
#include "edge_agent/unit_step.hpp"

#include <gtest/gtest.h>

#include <string>

namespace holdfast::edge_agent {
namespace {

using base::UnitState;
using sync::Health;
using sync::UnitRun;

UnitState state(const std::string& active, const std::string& sub = "", const std::string& file = "enabled") {
  UnitState state;
  state.name = "a.service";
  state.load = "loaded";
  state.active = active;
  state.sub = sub;
  state.file = file;
  state.type = "simple";
  state.result = "success";
  return state;
}

UnitState loaded_as(const std::string& load) {
  auto out = state("inactive");
  out.load = load;
  return out;
}

UnitState oneshot(const std::string& active) {
  auto out = state(active);
  out.type = "oneshot";
  return out;
}

UnitState with_job() {
  auto out = state("inactive");
  out.has_job = true;
  return out;
}

UnitState to_reload() {
  auto out = state("active");
  out.needs_reload = true;
  return out;
}

UnitState starting() {
  auto out = state("activating", "start");
  out.has_job = true;
  return out;
}

UnitState with_file(UnitState out, const std::string& file) {
  out.file = file;
  return out;
}

UnitState alias() {
  auto out = state("active");
  out.id = "b.service";
  return out;
}

UnitState read_from(const std::string& fragment, const std::string& drop_in = "") {
  auto out = state("active");
  out.fragment = fragment;
  if (!drop_in.empty()) out.drop_ins = {drop_in};
  return out;
}

UnitState unmet() {
  auto out = state("inactive", "dead");
  out.is_unmet = true;
  return out;
}

UnitState ended() {
  auto out = state("inactive");
  out.main_exit_us = 1'000'000;
  out.active_exit_us = 1'000'100;
  return out;
}

constexpr UnitProgress kInVain{
    .is_settled = true, .is_unmask_asked = true, .is_enable_asked = true, .is_disable_asked = true};
constexpr UnitProgress kReloaded{.is_reloaded = true, .is_enabled_anew = true};
constexpr UnitProgress kSameRun{.is_enabled_anew = true, .is_start_asked = true, .is_same_run = true};
constexpr UnitProgress kSettled{.is_settled = true};
constexpr UnitProgress kNew{};
constexpr UnitProgress kAsked{.is_enabled_anew = true, .is_start_asked = true};
constexpr UnitProgress kBegun{
    .is_settled = true, .is_enabled_anew = true, .is_start_asked = true, .has_begun = true};
constexpr UnitProgress kWritten{.is_settled = true, .is_reload_due = true};
const UnitWant kRunning{.enabled = true, .run = UnitRun::kRunning};
const UnitWant kOurs{.enabled = true, .run = UnitRun::kRunning, .has_file = true};
const UnitWant kStopped{.enabled = false, .run = UnitRun::kStopped};
const UnitWant kUnsaid{.has_file = true};
const UnitWant kOfFile{.run = UnitRun::kRunning, .has_file = true, .file = "/etc/a"};

TEST(UnitStep, IsATable) {
  const struct {
    const char* name;
    UnitWant want;
    UnitState state;
    UnitProgress progress;
    UnitDo what;
  } kRows[] = {
      {"as it should be", kRunning, state("active"), kSettled, UnitDo::kNothing},
      {"file written", kRunning, state("active"), kWritten, UnitDo::kReload},
      {"said to be changed, and runs with what is wanted", kRunning, to_reload(), kSettled, UnitDo::kNothing},
      {"said to be changed, and runs with another", kRunning, to_reload(), kNew, UnitDo::kReload},
      {"masked, and unmasked in vain", kRunning, loaded_as("masked"), kInVain, UnitDo::kRefuse},
      {"enabled in vain", kRunning, state("active", "", "indirect"), kInVain, UnitDo::kRefuse},
      {"disabled in vain", kStopped, state("inactive"), kInVain, UnitDo::kRefuse},
      {"ended by itself", kRunning, ended(), kSettled, UnitDo::kNothing},
      {"ended by itself with what was before", kRunning, ended(), kNew, UnitDo::kStart},
      {"not there", kRunning, loaded_as("not-found"), kNew, UnitDo::kRefuse},
      {"bad file", kRunning, loaded_as("bad-setting"), kNew, UnitDo::kRefuse},
      {"masked and wanted", kRunning, loaded_as("masked"), kSettled, UnitDo::kUnmask},
      {"masked and not wanted", kStopped, loaded_as("masked"), kSettled, UnitDo::kNothing},
      {"not enabled", kRunning, state("active", "", "disabled"), kSettled, UnitDo::kEnable},
      {"enabled, and its file is new", kOurs, state("active"), kNew, UnitDo::kEnable},
      {"enabled, but not to be", kStopped, state("inactive"), kSettled, UnitDo::kDisable},
      {"static is not enabled", kStopped, state("inactive", "", "static"), kSettled, UnitDo::kNothing},
      {"enabled until the next boot", kRunning, state("active", "", "enabled-runtime"), kSettled,
       UnitDo::kEnable},
      {"another's name", kRunning, alias(), kSettled, UnitDo::kRefuse},
      {"another's name, its file is new", kOurs, alias(), kWritten, UnitDo::kReload},
      {"our file is not among those that were read", kOfFile, read_from("/usr/lib/a"), kSettled,
       UnitDo::kReload},
      {"nor after a reload", kOfFile, read_from("/usr/lib/a"), kReloaded, UnitDo::kRefuse},
      {"our file was read", kOfFile, read_from("/etc/a"), kSettled, UnitDo::kNothing},
      {"our drop-in was read", kOfFile, read_from("/usr/lib/a", "/etc/a"), kSettled, UnitDo::kNothing},
      {"hangs in its start with what was before", kRunning, starting(), kReloaded, UnitDo::kRestart},
      {"hangs in its start with what is wanted", kRunning, starting(), kSettled, UnitDo::kWait},
      {"hangs in the start that was asked for", kRunning, starting(), kAsked, UnitDo::kWait},
      {"hangs in its start, and is not to run", kStopped, with_file(starting(), "disabled"), kSettled,
       UnitDo::kStop},
      {"did not end for its restart", kRunning, state("active"), kSameRun, UnitDo::kRefuse},
      {"a job is on its way", kRunning, with_job(), kSettled, UnitDo::kWait},
      {"stopped by a hand", kRunning, state("inactive"), kSettled, UnitDo::kStart},
      {"never started", kRunning, state("inactive"), kNew, UnitDo::kStart},
      {"runs with what was before", kRunning, state("active"), kNew, UnitDo::kRestart},
      {"crash loop with what was before", kRunning, state("activating", "auto-restart"), kNew,
       UnitDo::kRestart},
      {"failed before", kRunning, state("failed"), kNew, UnitDo::kStart},
      {"failed by itself", kRunning, state("failed"), kSettled, UnitDo::kNothing},
      {"started, and failed", kRunning, state("failed"), kAsked, UnitDo::kNothing},
      {"started, and ended at once", kRunning, ended(), kAsked, UnitDo::kNothing},
      {"started, and stopped by a hand at once", kRunning, state("inactive"), kBegun, UnitDo::kNothing},
      {"a start that systemd refused", kRunning, state("inactive"), kAsked, UnitDo::kRefuse},
      {"being stopped", kRunning, state("deactivating"), kSettled, UnitDo::kWait},
      {"completed", kRunning, oneshot("inactive"), kSettled, UnitDo::kNothing},
      {"completed with what was before", kRunning, oneshot("inactive"), kNew, UnitDo::kStart},
      {"runs, but is not to", kStopped, state("active", "", "disabled"), kSettled, UnitDo::kStop},
      {"is failed and to be stopped", kStopped, state("failed", "", "disabled"), kSettled, UnitDo::kNothing},
      {"unsaid, down", kUnsaid, state("inactive"), kNew, UnitDo::kNothing},
      {"unsaid, up with what was before", kUnsaid, state("active"), kNew, UnitDo::kRestart},
      {"unsaid, up", kUnsaid, state("active"), kSettled, UnitDo::kNothing},
  };
  for (const auto& row : kRows) {
    const auto step = next_step(row.want, row.state, row.progress);
    EXPECT_EQ(step.what, row.what) << row.name << ": " << step.reason;
    EXPECT_EQ(step.reason.empty(), step.what == UnitDo::kNothing) << row.name;
  }
}

TEST(UnitHealth, IsATable) {
  const auto restarted = [](std::uint32_t times) {
    auto out = state("activating", "auto-restart");
    out.restarts = times;
    return out;
  };
  const struct {
    const char* name;
    UnitWant want;
    UnitState state;
    bool is_up_long;
    Health health;
    std::string reason;
    bool is_final;
  } kRows[] = {
      {"runs", kRunning, state("active", "running"), true, Health::kHealthy, "", false},
      {"just started", kRunning, state("active", "running"), false, Health::kProgressing, "Starting", false},
      {"oneshot that remains", kRunning, state("active", "exited"), true, Health::kHealthy, "", false},
      {"reloading", kRunning, state("reloading", "reload"), true, Health::kHealthy, "", false},
      {"starting", kRunning, state("activating", "start-pre"), false, Health::kProgressing, "Starting",
       false},
      {"restarted once", kRunning, restarted(1), false, Health::kProgressing, "Restarting", false},
      {"crash loop", kRunning, restarted(3), false, Health::kDegraded, "CrashLoopBackOff", false},
      {"being stopped", kRunning, state("deactivating", "stop"), true, Health::kProgressing, "Stopping",
       false},
      {"failed", kRunning, state("failed", "failed"), true, Health::kDegraded, "Failed", true},
      {"failed, unsaid", kUnsaid, state("failed", "failed"), true, Health::kDegraded, "Failed", true},
      {"down", kRunning, state("inactive", "dead"), true, Health::kDegraded, "NotRunning", false},
      {"not started, as a condition was not met", kRunning, unmet(), true, Health::kDegraded,
       "ConditionNotMet", true},
      {"down, unsaid", kUnsaid, state("inactive", "dead"), true, Health::kHealthy, "NotRunning", false},
      {"completed", kRunning, oneshot("inactive"), true, Health::kHealthy, "Completed", false},
      {"stopped as wanted", kStopped, state("inactive", "dead"), true, Health::kHealthy, "Stopped", false},
      {"failed where stopped is wanted", kStopped, state("failed"), true, Health::kHealthy, "Stopped", false},
      {"runs where stopped is wanted", kStopped, state("active"), true, Health::kProgressing, "Stopping",
       false},
      {"not there", kRunning, loaded_as("not-found"), true, Health::kMissing, "Missing", false},
      {"bad file", kRunning, loaded_as("bad-setting"), true, Health::kDegraded, "LoadFailed", true},
      {"masked", kRunning, loaded_as("masked"), true, Health::kDegraded, "Masked", false},
      {"masked, stopped", kStopped, loaded_as("masked"), true, Health::kHealthy, "Masked", false},
  };
  for (const auto& row : kRows) {
    const auto health = health_of_unit(row.want, row.state, row.is_up_long);
    EXPECT_EQ(health.health, row.health) << row.name;
    EXPECT_EQ(health.reason, row.reason) << row.name;
    EXPECT_EQ(health.is_final, row.is_final) << row.name;
  }
}

}  // namespace
}  // namespace holdfast::edge_agent
