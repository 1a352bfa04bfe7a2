// SPDX-License-Identifier: Apache-2.0
// Contract: processes of a Host. They outlive the agent, and nothing is ever taken for them that is not.
#include <csignal>

#include "base/host_contract.hpp"
#include "base/limits/agent.hpp"
#include "base/limits/model.hpp"

namespace holdfast::base {
namespace {

using std::chrono::milliseconds;

const ProcessId kWeb{"web"};

class HostProcessContract : public HostContract {
 protected:
  ProcessStatus status(const ProcessId& id = kWeb) {
    const auto looked = host().process(id);
    EXPECT_TRUE(looked) << (looked ? "" : looked.error().message());
    return looked.value_or(ProcessStatus{});
  }
  ProcessStatus start(const ProcessStart& start) {
    const auto started = host().start_process(start);
    EXPECT_TRUE(started) << (started ? "" : started.error().message());
    return started.value_or(ProcessStatus{});
  }
  bool until_exited(const ProcessId& id = kWeb) {
    return world().until([&] { return status(id).phase == ProcessPhase::kExited; });
  }
};
INSTANTIATE_TEST_SUITE_P(Host, HostProcessContract, all_host_kinds(), host_kind_name);

TEST_P(HostProcessContract, WhatWasNeverStartedIsAbsent) {
  const ProcessStatus absent = status({"never"});
  EXPECT_EQ(absent.phase, ProcessPhase::kAbsent);
  EXPECT_EQ(absent.id.instance, "never");
  EXPECT_FALSE(absent.identity);
  EXPECT_TRUE(host().processes()->empty());
}

TEST_P(HostProcessContract, AStartedProcessRunsAndSaysWhoItIs) {
  ProcessStart web = world().that_runs("web");
  web.mark = "mac:01\nwith\\odd characters";
  web.spec_digest = "abcdef";
  const ProcessStatus started = start(web);
  EXPECT_EQ(started.phase, ProcessPhase::kRunning);
  ASSERT_TRUE(started.identity);
  ASSERT_TRUE(started.shim);
  EXPECT_GT(started.identity->pid, 1);
  EXPECT_NE(started.identity->pid, started.shim->pid);
  EXPECT_EQ(started.identity->boot_id, host().boot_id());
  EXPECT_EQ(started.boot_id, host().boot_id());
  EXPECT_EQ(started.mark, web.mark);
  EXPECT_EQ(started.spec_digest, "abcdef");
  EXPECT_GT(started.started.time_since_epoch().count(), 0);
  EXPECT_EQ(status().identity, started.identity);
}

TEST_P(HostProcessContract, AnExitIsToldAndRecorded) {
  start(world().that_exits("web", 7));
  ASSERT_TRUE(until_exited());
  EXPECT_TRUE(world().until_came(HostEventKind::kProcess, "web"));
  const ProcessStatus ended = status();
  EXPECT_EQ(ended.exit_code, 7);
  EXPECT_EQ(ended.exit_signal, 0);
  EXPECT_FALSE(ended.stopped_by_us);
  EXPECT_FALSE(ended.identity);
  EXPECT_GE(ended.ended, ended.started);
}

TEST_P(HostProcessContract, AKillByHandIsToldAndRecorded) {
  start(world().that_runs("web"));
  world().kill_by_hand(kWeb);
  ASSERT_TRUE(until_exited());
  EXPECT_TRUE(world().until_came(HostEventKind::kProcess, "web"));
  EXPECT_EQ(status().exit_signal, SIGKILL);
  EXPECT_FALSE(status().stopped_by_us);
}

TEST_P(HostProcessContract, WhatCannotBeExecutedIsAnErrorWithItsName) {
  const auto started = host().start_process(world().that_is_missing("web"));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code(), Code::kNotFound);
  EXPECT_EQ(started.error().disposition(), Disposition::kRetry);
  EXPECT_NE(started.error().message().find("/no/such/program"), std::string::npos)
      << started.error().message();
  const ProcessStatus after = status();
  EXPECT_EQ(after.phase, ProcessPhase::kExited);
  EXPECT_EQ(after.exit_code, 127);
  EXPECT_NE(after.detail.find("/no/such/program"), std::string::npos);
  start(world().that_runs("web"));
  EXPECT_EQ(status().phase, ProcessPhase::kRunning);
}

TEST_P(HostProcessContract, AProgramForAnotherMachineIsToldFromAHostThatFails) {
  const auto started = host().start_process(world().that_is_for_another_machine("web"));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code(), Code::kUnsupported) << started.error().message();
  EXPECT_EQ(started.error().disposition(), Disposition::kRetry);
}

TEST_P(HostProcessContract, OneRunsAtATimeUnderAName) {
  const ProcessStatus first = start(world().that_runs("web"));
  EXPECT_CODE(Code::kConflict, host().start_process(world().that_runs("web")));
  EXPECT_EQ(status().identity, first.identity);
}

TEST_P(HostProcessContract, StoppingIsOrderlyAndKnownAsOurs) {
  start(world().that_runs("web"));
  EXPECT_OK(host().stop_process(kWeb, std::chrono::seconds(1000)));
  ASSERT_TRUE(until_exited());
  EXPECT_TRUE(world().until_came(HostEventKind::kProcess, "web"));
  EXPECT_EQ(status().exit_signal, SIGTERM);
  EXPECT_TRUE(status().stopped_by_us);
}

TEST_P(HostProcessContract, WhoDoesNotListenIsKilledAfterTheGrace) {
  start(world().that_ignores_term("web"));
  ASSERT_TRUE(world().until_deaf(kWeb));
  EXPECT_OK(host().stop_process(kWeb, milliseconds(300)));
  ASSERT_TRUE(until_exited());
  EXPECT_EQ(status().exit_signal, SIGKILL);
  EXPECT_TRUE(status().stopped_by_us);
}

TEST_P(HostProcessContract, AShorterGraceBringsTheEndForward) {
  start(world().that_ignores_term("web"));
  ASSERT_TRUE(world().until_deaf(kWeb));
  EXPECT_OK(host().stop_process(kWeb, std::chrono::hours(20)));
  EXPECT_OK(host().stop_process(kWeb, milliseconds(0)));
  EXPECT_OK(host().stop_process(kWeb, std::chrono::hours(20)));
  ASSERT_TRUE(until_exited());
  EXPECT_EQ(status().exit_signal, SIGKILL);
}

TEST_P(HostProcessContract, StoppingWhatDoesNotRunIsDoneAlready) {
  EXPECT_OK(host().stop_process(kWeb, milliseconds(0)));
  start(world().that_exits("web", 0));
  ASSERT_TRUE(until_exited());
  EXPECT_OK(host().stop_process(kWeb, milliseconds(0)));
  EXPECT_FALSE(status().stopped_by_us);
  EXPECT_CODE(Code::kInvalid, host().stop_process(kWeb, milliseconds(-1)));
}

TEST_P(HostProcessContract, AFreshStartForgetsTheEarlierEnd) {
  start(world().that_exits("web", 9));
  ASSERT_TRUE(until_exited());
  ProcessStart again = world().that_runs("web");
  again.spec_digest = "second";
  const ProcessStatus running = start(again);
  EXPECT_EQ(running.phase, ProcessPhase::kRunning);
  EXPECT_EQ(running.exit_code, 0);
  EXPECT_EQ(running.spec_digest, "second");
  EXPECT_FALSE(running.stopped_by_us);
}

TEST_P(HostProcessContract, OnlyWhatHasEndedIsForgotten) {
  start(world().that_runs("web"));
  EXPECT_CODE(Code::kConflict, host().forget_process(kWeb, true));
  EXPECT_EQ(status().phase, ProcessPhase::kRunning);
  EXPECT_OK(host().stop_process(kWeb, milliseconds(0)));
  ASSERT_TRUE(until_exited());
  EXPECT_OK(host().forget_process(kWeb, true));
  EXPECT_EQ(status().phase, ProcessPhase::kAbsent);
  EXPECT_TRUE(host().processes()->empty());
  EXPECT_OK(host().forget_process(kWeb, true));
}

TEST_P(HostProcessContract, AllOfThemAreListedInOrder) {
  for (const char* name : {"c", "a", "b.2", "b-1"}) start(world().that_runs(name));
  const auto all = host().processes();
  ASSERT_TRUE(all);
  std::vector<std::string> names;
  for (const ProcessStatus& one : *all) {
    names.push_back(one.id.instance);
    EXPECT_EQ(one.phase, ProcessPhase::kRunning);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b-1", "b.2", "c"}));
}

TEST_P(HostProcessContract, TheNextAgentFindsTheSameProcess) {
  ProcessStart web = world().that_runs("web");
  web.mark = "mac";
  web.spec_digest = "digest";
  const ProcessStatus before = start(web);
  world().new_agent();
  const ProcessStatus after = status();
  EXPECT_EQ(after.phase, ProcessPhase::kRunning);
  EXPECT_EQ(after.identity, before.identity);
  EXPECT_EQ(after.shim, before.shim);
  EXPECT_EQ(after.started, before.started);
  EXPECT_EQ(after.mark, "mac");
  EXPECT_EQ(after.spec_digest, "digest");
  world().kill_by_hand(kWeb);
  EXPECT_TRUE(world().until_came(HostEventKind::kProcess, "web")) << "an adopted process is followed, too";
}

TEST_P(HostProcessContract, TheNextAgentFindsAnEndItDidNotSee) {
  start(world().that_exits("web", 5));
  ASSERT_TRUE(until_exited());
  world().new_agent();
  EXPECT_EQ(status().phase, ProcessPhase::kExited);
  EXPECT_EQ(status().exit_code, 5);
}

TEST_P(HostProcessContract, TheNextAgentCanStopWhatTheLastOneStarted) {
  start(world().that_runs("web"));
  world().new_agent();
  EXPECT_OK(host().stop_process(kWeb, milliseconds(1000)));
  ASSERT_TRUE(until_exited());
  EXPECT_TRUE(status().stopped_by_us);
}

TEST_P(HostProcessContract, AStopGoesOnWithoutTheAgentThatOrderedIt) {
  start(world().that_ignores_term("web"));
  ASSERT_TRUE(world().until_deaf(kWeb));
  EXPECT_OK(host().stop_process(kWeb, milliseconds(200)));
  world().new_agent();
  ASSERT_TRUE(until_exited());
  EXPECT_EQ(status().exit_signal, SIGKILL);
  EXPECT_TRUE(status().stopped_by_us);
}

TEST_P(HostProcessContract, NothingLivesThroughAReboot) {
  const std::string boot = host().boot_id();
  start(world().that_runs("web"));
  start(world().that_exits("done", 4));
  ASSERT_TRUE(until_exited({"done"}));
  world().reboot();
  EXPECT_NE(host().boot_id(), boot);
  const ProcessStatus web = status();
  EXPECT_EQ(web.phase, ProcessPhase::kLost);
  EXPECT_EQ(web.boot_id, boot);
  EXPECT_FALSE(web.identity);
  EXPECT_FALSE(web.shim);
  EXPECT_EQ(status({"done"}).phase, ProcessPhase::kExited);
  EXPECT_EQ(status({"done"}).exit_code, 4);
  EXPECT_OK(host().stop_process(kWeb, milliseconds(0)));
  const ProcessStatus again = start(world().that_runs("web"));
  EXPECT_EQ(again.phase, ProcessPhase::kRunning);
  EXPECT_EQ(again.identity->boot_id, host().boot_id());
}

TEST_P(HostProcessContract, AWorkloadThatLostItsShimRunsOnAndCanBeStopped) {
  const ProcessStatus before = start(world().that_runs("web"));
  world().kill_shim_by_hand(kWeb);
  ASSERT_TRUE(world().until([&] { return status().phase == ProcessPhase::kLost; }));
  EXPECT_TRUE(world().until_came(HostEventKind::kProcess, "web"));
  EXPECT_EQ(status().identity, before.identity);
  EXPECT_FALSE(status().shim);
  EXPECT_CODE(Code::kConflict, host().start_process(world().that_runs("web")));
  EXPECT_CODE(Code::kConflict, host().forget_process(kWeb, false));

  world().events.clear();
  EXPECT_OK(host().stop_process(kWeb, milliseconds(5000)));
  ASSERT_TRUE(world().until([&] { return !status().identity; }));
  EXPECT_TRUE(world().until_came(HostEventKind::kProcess, "web"));
  EXPECT_EQ(status().phase, ProcessPhase::kLost);
  EXPECT_TRUE(status().stopped_by_us);
  start(world().that_runs("web"));
}

TEST_P(HostProcessContract, ALostWorkloadThatDoesNotListenIsKilledAfterTheGrace) {
  start(world().that_ignores_term("web"));
  ASSERT_TRUE(world().until_deaf(kWeb));
  world().kill_shim_by_hand(kWeb);
  ASSERT_TRUE(world().until([&] { return status().phase == ProcessPhase::kLost; }));
  EXPECT_OK(host().stop_process(kWeb, milliseconds(200)));
  EXPECT_TRUE(world().until([&] { return !status().identity; }));
}

TEST_P(HostProcessContract, AStartThatMakesNoSenseIsRefused) {
  const ProcessStart good = world().that_runs("web");
  const struct {
    std::string name;
    Code code;
    std::function<void(ProcessStart&)> spoil;
  } rows[] = {
      {"no name", Code::kInvalid, [](ProcessStart& s) { s.id.instance = ""; }},
      {"a path", Code::kInvalid, [](ProcessStart& s) { s.id.instance = "../web"; }},
      {"a hidden name", Code::kInvalid, [](ProcessStart& s) { s.id.instance = ".web"; }},
      {"capitals", Code::kInvalid, [](ProcessStart& s) { s.id.instance = "Web"; }},
      {"long name", Code::kInvalid, [](ProcessStart& s) { s.id.instance = std::string(101, 'a'); }},
      {"no program", Code::kInvalid, [](ProcessStart& s) { s.argv.clear(); }},
      {"empty program", Code::kInvalid, [](ProcessStart& s) { s.argv = {""}; }},
      {"NUL argument", Code::kInvalid, [](ProcessStart& s) { s.argv.emplace_back("a\0b", 3); }},
      {"variable without name", Code::kInvalid, [](ProcessStart& s) { s.env = {{"", "x"}}; }},
      {"variable name with =", Code::kInvalid, [](ProcessStart& s) { s.env = {{"A=B", "x"}}; }},
      {"relative folder", Code::kInvalid, [](ProcessStart& s) { s.working_dir = "tmp"; }},
      {"too many arguments", Code::kLimit,
       [](ProcessStart& s) { s.argv.resize(limits::kCommandArgumentsMax + 1, "a"); }},
      {"too long arguments", Code::kLimit,
       [](ProcessStart& s) { s.argv.emplace_back(limits::kCommandBytesMax, 'a'); }},
      {"too long mark", Code::kLimit, [](ProcessStart& s) { s.mark.assign(limits::kMarkBytesMax + 1, 'm'); }},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    ProcessStart start = good;
    row.spoil(start);
    EXPECT_CODE(row.code, host().start_process(start));
  }
  EXPECT_CODE(Code::kInvalid, host().process({"../web"}));
  EXPECT_CODE(Code::kInvalid, host().stop_process({"../web"}, milliseconds(0)));
  EXPECT_CODE(Code::kInvalid, host().forget_process({"../web"}, true));
  EXPECT_TRUE(host().processes()->empty());
}

TEST_P(HostProcessContract, AListenerIsNeverCalledFromInsideACall) {
  bool inside = false;
  bool nested = false;
  host().on_event([&](const HostEvent&) { nested = nested || inside; });
  inside = true;
  start(world().that_exits("web", 0));
  EXPECT_OK(host().stop_process(kWeb, milliseconds(0)));
  EXPECT_OK(host().start_probe(world().that_fails("p")));
  host().cancel_probe("p");
  inside = false;
  ASSERT_TRUE(until_exited());
  EXPECT_FALSE(nested);
}

}  // namespace
}  // namespace holdfast::base
