// SPDX-License-Identifier: Apache-2.0
// What a UnitManager promises, on a real systemd and on the fake.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "base/systemd/unit_world_contract.hpp"

namespace holdfast::base {
namespace {

struct UnitKind {
  std::string name;
  std::function<std::unique_ptr<UnitWorld>()> make;
};
void PrintTo(const UnitKind& kind, std::ostream* out) { *out << kind.name; }

const std::string kInstall = "[Install]\nWantedBy=multi-user.target\n";
const std::string kRuns = "[Service]\nExecStart=/bin/sleep infinity\n\n" + kInstall;

class UnitManagerContract : public testing::TestWithParam<UnitKind> {
 protected:
  void SetUp() override { listen(); }
  UnitWorld& world() { return *world_; }
  UnitManager& units() { return world_->units(); }
  void listen() {
    units().on_event([this](const UnitEvent& event) { told_.insert(event.unit); });
  }

  template <class T>
  Result<T> wait(const std::function<void(UnitManager::OnEnd<T>)>& call) {
    auto end = std::make_shared<std::optional<Result<T>>>();
    call([end](Result<T> result) { end->emplace(std::move(result)); });
    EXPECT_FALSE(end->has_value()) << "it ended from inside the call";
    world().until([&] { return end->has_value(); });
    if (!end->has_value()) return fail(Code::kInternal, "the call never ended");
    return **end;
  }
  using Change = UnitManager::CallId (UnitManager::*)(const std::string&, UnitManager::OnEnd<void>);
  Status does(Change change, const std::string& unit) {
    return wait<void>([&](auto end) { (units().*change)(unit, end); });
  }
  Status reload() {
    return wait<void>([&](auto end) { units().reload(end); });
  }
  UnitState state(const std::string& unit) {
    const auto loaded = wait<UnitState>([&](auto end) { units().load(unit, end); });
    EXPECT_TRUE(loaded) << loaded.error().message();
    return loaded.value_or(UnitState{});
  }
  bool until_active(const std::string& unit, const std::string& active) {
    for (int i = 0; i < 100; ++i) {
      if (const auto now = state(unit); now.active == active && !now.has_job) return true;
      world().until([n = 0]() mutable { return ++n > 3; });
    }
    return false;
  }
  bool until_told(const std::string& unit) {
    return world().until([&] { return told_.contains(unit) || told_.contains(""); });
  }
  void settle() {
    world().until([n = 0]() mutable { return ++n > 20; });
    told_.clear();
  }
  /// Installed and running.
  void run(const std::string& unit, const std::string& content = kRuns) {
    world().write_file(unit, content);
    ASSERT_TRUE(reload());
    ASSERT_TRUE(does(&UnitManager::start, unit));
    ASSERT_TRUE(until_active(unit, "active"));
  }

  std::unique_ptr<UnitWorld> world_ = GetParam().make();
  std::multiset<std::string> told_;
};
INSTANTIATE_TEST_SUITE_P(Units, UnitManagerContract,
                         testing::Values(UnitKind{"Systemd", [] { return make_systemd_world(); }},
                                         UnitKind{"Fake", [] { return make_fake_unit_world(); }}),
                         [](const auto& info) { return info.param.name; });

TEST_P(UnitManagerContract, AUnitThatDoesNotExistIsSaidToBeNone) {
  const auto none = state("hf-none.service");
  EXPECT_EQ(none.load, "not-found");
  EXPECT_EQ(none.active, "inactive");
  EXPECT_EQ(none.file, "");
  EXPECT_EQ(does(&UnitManager::start, "hf-none.service").error().code(), Code::kNotFound);
  EXPECT_EQ(does(&UnitManager::enable, "hf-none.service").error().code(), Code::kNotFound);
}

TEST_P(UnitManagerContract, StartStopAndRestart) {
  run("hf-a.service");
  const auto first = state("hf-a.service");
  EXPECT_EQ(first.load, "loaded");
  EXPECT_EQ(first.sub, "running");
  EXPECT_EQ(first.type, "simple");
  EXPECT_EQ(first.result, "success");
  EXPECT_GT(first.main_pid, 0);
  EXPECT_EQ(first.invocation.size(), 32U);
  EXPECT_EQ(first.fragment, "/etc/systemd/system/hf-a.service");
  EXPECT_FALSE(first.needs_reload);
  ASSERT_TRUE(does(&UnitManager::start, "hf-a.service"));
  EXPECT_EQ(state("hf-a.service").invocation, first.invocation) << "it ran already";
  ASSERT_TRUE(does(&UnitManager::restart, "hf-a.service"));
  ASSERT_TRUE(until_active("hf-a.service", "active"));
  EXPECT_NE(state("hf-a.service").invocation, first.invocation);
  ASSERT_TRUE(does(&UnitManager::stop, "hf-a.service"));
  ASSERT_TRUE(until_active("hf-a.service", "inactive"));
  ASSERT_TRUE(does(&UnitManager::stop, "hf-a.service")) << "nothing runs";
}

TEST_P(UnitManagerContract, EnableAndDisable) {
  world().write_file("hf-b.service", kRuns);
  EXPECT_EQ(state("hf-b.service").file, "disabled");
  ASSERT_TRUE(does(&UnitManager::enable, "hf-b.service"));
  EXPECT_EQ(state("hf-b.service").file, "enabled");
  ASSERT_TRUE(does(&UnitManager::enable, "hf-b.service"));
  ASSERT_TRUE(does(&UnitManager::disable, "hf-b.service"));
  EXPECT_EQ(state("hf-b.service").file, "disabled");
}

TEST_P(UnitManagerContract, WithoutAnInstallSectionThereIsNothingToEnable) {
  world().write_file("hf-c.service", "[Service]\nExecStart=/bin/true\n");
  EXPECT_EQ(state("hf-c.service").file, "static");
  const auto enabled = does(&UnitManager::enable, "hf-c.service");
  ASSERT_FALSE(enabled);
  EXPECT_EQ(enabled.error().code(), Code::kInvalid);
  EXPECT_NE(enabled.error().message().find("[Install]"), std::string::npos) << enabled.error().message();
}

TEST_P(UnitManagerContract, AChangedFileWantsAReload) {
  run("hf-d.service");
  world().write_file("hf-d.service", "# another\n" + kRuns);
  world().write_file("hf-d.service.d/10-a.conf", "[Service]\nNice=3\n");
  ASSERT_TRUE(world().until([&] { return state("hf-d.service").needs_reload; }));
  const auto before = state("hf-d.service");
  ASSERT_TRUE(reload());
  const auto after = state("hf-d.service");
  EXPECT_FALSE(after.needs_reload);
  EXPECT_EQ(after.invocation, before.invocation) << "it runs on";
  EXPECT_EQ(after.drop_ins, (std::vector<std::string>{"/etc/systemd/system/hf-d.service.d/10-a.conf"}));
}

TEST_P(UnitManagerContract, ReloadsThatAreAskedForTogetherAreOne) {
  ASSERT_TRUE(reload());
  const int before = world().reloads();
  int ended = 0;
  for (int i = 0; i < 5; ++i) units().reload([&](const Status& status) { ended += status ? 1 : 100; });
  ASSERT_TRUE(world().until([&] { return ended >= 5; }));
  EXPECT_EQ(ended, 5);
  EXPECT_EQ(world().reloads(), before + 1);
}

TEST_P(UnitManagerContract, ABadFileIsSaidToBeSo) {
  world().write_file("hf-e.service", "[Service]\nType=simple\n");
  ASSERT_TRUE(reload());
  const auto bad = state("hf-e.service");
  EXPECT_EQ(bad.load, "bad-setting");
  EXPECT_NE(bad.load_error, "");
  EXPECT_EQ(does(&UnitManager::start, "hf-e.service").error().code(), Code::kInvalid);
}

TEST_P(UnitManagerContract, OneThatFailsSaysHow) {
  world().write_file("hf-f.service", "[Service]\nExecStart=/bin/false\n");
  ASSERT_TRUE(reload());
  ASSERT_TRUE(does(&UnitManager::start, "hf-f.service"));
  ASSERT_TRUE(until_active("hf-f.service", "failed"));
  const auto failed = state("hf-f.service");
  EXPECT_EQ(failed.result, "exit-code");
  EXPECT_EQ(failed.exit_status, 1);
}

TEST_P(UnitManagerContract, WhatIsStartedHereIsNotHeldAgainstItsStartLimit) {
  run("hf-limit.service",
      "[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=2\n[Service]\nExecStart=/bin/sleep infinity\n");
  for (int i = 0; i < 4; ++i) {
    const auto before = state("hf-limit.service").invocation;
    ASSERT_TRUE(does(&UnitManager::restart, "hf-limit.service"));
    ASSERT_TRUE(until_active("hf-limit.service", "active"));
    EXPECT_NE(state("hf-limit.service").invocation, before);
  }
}

TEST_P(UnitManagerContract, OneThatHangsInItsStartCanBeRestartedAndStopped) {
  world().write_file("hf-hangs.service",
                     "[Service]\nType=notify\nTimeoutStartSec=infinity\nExecStart=/bin/sleep infinity\n");
  ASSERT_TRUE(reload());
  ASSERT_TRUE(does(&UnitManager::start, "hf-hangs.service"));
  const auto until_hanging = [&](const std::string& not_run) {
    return world().until([&] {
      const auto now = state("hf-hangs.service");
      return now.active == "activating" && now.has_job && now.invocation != not_run;
    });
  };
  ASSERT_TRUE(until_hanging(""));
  const auto first = state("hf-hangs.service").invocation;
  ASSERT_TRUE(does(&UnitManager::restart, "hf-hangs.service"));
  EXPECT_TRUE(until_hanging(first));
  ASSERT_TRUE(does(&UnitManager::stop, "hf-hangs.service"));
  EXPECT_TRUE(until_active("hf-hangs.service", "inactive"));
}

TEST_P(UnitManagerContract, AnAliasSaysWhoseItIs) {
  run("hf-named.service", kRuns + "Alias=hf-other-name.service\n");
  ASSERT_TRUE(does(&UnitManager::enable, "hf-named.service"));
  ASSERT_TRUE(reload());
  const auto alias = state("hf-other-name.service");
  EXPECT_EQ(alias.name, "hf-other-name.service");
  EXPECT_EQ(alias.id, "hf-named.service");
  EXPECT_EQ(alias.active, "active");
  EXPECT_EQ(state("hf-named.service").id, "hf-named.service");
  ASSERT_TRUE(does(&UnitManager::disable, "hf-named.service"));
}

TEST_P(UnitManagerContract, ANewFolderOfDropInsIsReadWithTheNextReload) {
  run("hf-first.service");
  world().write_file("hf-first.service.d/10-a.conf", "[Service]\nNice=3\n");
  EXPECT_EQ(state("hf-first.service").drop_ins.size(), 0U);
  ASSERT_TRUE(reload());
  EXPECT_EQ(state("hf-first.service").drop_ins.size(), 1U);
}

TEST_P(UnitManagerContract, OneThatChangesAllTheTimeIsNotToldOfAsOften) {
  run("hf-noisy.service",
      "[Service]\nNotifyAccess=all\nExecStart=/bin/sh -c 'while :; do echo >> /run/noises; systemd-notify "
      "--status=$$(wc -l < /run/noises); done'\n");
  units().watch("hf-noisy.service");
  const int before = world().noises();
  const int enough = GetParam().name == "Fake" ? 20 : 400;
  ASSERT_TRUE(world().until([&] { return world().noises() >= before + enough; }));
  EXPECT_LT(told_.count("hf-noisy.service"), 200U);
  told_.clear();
  world().by_hand("stop", "hf-noisy.service");
  EXPECT_TRUE(until_told("hf-noisy.service")) << "a job of it is told of all the same";
}

TEST_P(UnitManagerContract, WhenNothingIsWatchedAnyMoreTheConnectionIsClosedAndMadeAgainWhenItIsNeeded) {
  run("hf-closed.service");
  units().watch("hf-closed.service");
  ASSERT_TRUE(until_told("hf-closed.service"));
  EXPECT_TRUE(world().is_connected());
  units().unwatch("hf-closed.service");
  EXPECT_TRUE(world().until([&] { return !world().is_connected(); }));
  EXPECT_EQ(state("hf-closed.service").active, "active");
  units().watch("hf-closed.service");
  ASSERT_TRUE(until_told("hf-closed.service"));
  settle();
  world().by_hand("stop", "hf-closed.service");
  EXPECT_TRUE(until_told("hf-closed.service"));
}

TEST_P(UnitManagerContract, TemplatesTimersAndTargetsAreUnitsAsOthers) {
  world().write_file("hf-t@.service", kRuns);
  world().write_file("hf-t.timer", "[Timer]\nOnCalendar=daily\nUnit=hf-t@a.service\n\n" + kInstall);
  world().write_file("hf-t.target", "[Unit]\nDescription=of a test\n\n" + kInstall);
  ASSERT_TRUE(reload());
  for (const std::string unit : {"hf-t@a.service", "hf-t.timer", "hf-t.target"}) {
    ASSERT_TRUE(does(&UnitManager::enable, unit)) << unit;
    EXPECT_EQ(state(unit).file, "enabled") << unit;
    ASSERT_TRUE(does(&UnitManager::start, unit)) << unit;
    ASSERT_TRUE(until_active(unit, "active")) << unit;
    const auto first = state(unit);
    EXPECT_NE(first.invocation, "") << unit;
    ASSERT_TRUE(does(&UnitManager::restart, unit)) << unit;
    ASSERT_TRUE(until_active(unit, "active")) << unit;
    EXPECT_NE(state(unit).invocation, first.invocation) << unit;
    ASSERT_TRUE(does(&UnitManager::disable, unit)) << unit;
    ASSERT_TRUE(does(&UnitManager::stop, unit)) << unit;
  }
}

TEST_P(UnitManagerContract, ASocketIsStartedAndRestartedThoughWhatItStartsRuns) {
  world().write_file("hf-s.service", "[Service]\nExecStart=/bin/sleep infinity\n");
  run("hf-s.socket", "[Socket]\nListenStream=/run/hf-s.sock\n");
  ASSERT_TRUE(does(&UnitManager::start, "hf-s.service"));
  ASSERT_TRUE(until_active("hf-s.service", "active"));
  const auto first = state("hf-s.socket").invocation;
  ASSERT_TRUE(does(&UnitManager::start, "hf-s.socket"));
  settle();
  EXPECT_EQ(state("hf-s.service").active, "active") << "the socket listened already";
  ASSERT_TRUE(does(&UnitManager::restart, "hf-s.socket"));
  EXPECT_TRUE(world().until([&] {
    const auto now = state("hf-s.socket");
    return now.active == "active" && !now.has_job && now.invocation != first;
  }));
  ASSERT_TRUE(does(&UnitManager::stop, "hf-s.socket"));
  ASSERT_TRUE(does(&UnitManager::start, "hf-s.service"));
  ASSERT_TRUE(until_active("hf-s.service", "active"));
  ASSERT_TRUE(does(&UnitManager::start, "hf-s.socket"));
  EXPECT_TRUE(until_active("hf-s.socket", "active"));
}

TEST_P(UnitManagerContract, AOneshotEndsWell) {
  world().write_file("hf-g.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n");
  ASSERT_TRUE(reload());
  ASSERT_TRUE(does(&UnitManager::start, "hf-g.service"));
  ASSERT_TRUE(until_active("hf-g.service", "inactive"));
  EXPECT_EQ(state("hf-g.service").type, "oneshot");
  EXPECT_EQ(state("hf-g.service").result, "success");
}

TEST_P(UnitManagerContract, OneThatSystemdRestartsIsCounted) {
  world().write_file(
      "hf-h.service",
      "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/false\nRestart=always\nRestartSec=100ms\n");
  ASSERT_TRUE(reload());
  ASSERT_TRUE(does(&UnitManager::start, "hf-h.service"));
  EXPECT_TRUE(world().until([&] { return state("hf-h.service").restarts >= 2; }));
  ASSERT_TRUE(does(&UnitManager::stop, "hf-h.service"));
}

TEST_P(UnitManagerContract, WhatHandsDoIsTold) {
  run("hf-i.service");
  units().watch("hf-i.service");
  ASSERT_TRUE(until_told("hf-i.service")) << "it is watched from now on";
  for (const std::string command : {"stop", "start", "restart", "disable", "enable", "daemon-reload"}) {
    settle();
    world().by_hand(command, command == "daemon-reload" ? "" : "hf-i.service");
    EXPECT_TRUE(until_told("hf-i.service")) << command;
  }
}

TEST_P(UnitManagerContract, MaskedItDoesNotStartUntilItIsUnmasked) {
  // Where no file of it is in the way.
  world().by_hand("mask", "hf-j.service");
  const auto masked = state("hf-j.service");
  EXPECT_EQ(masked.load, "masked");
  EXPECT_EQ(masked.file, "masked");
  EXPECT_EQ(does(&UnitManager::start, "hf-j.service").error().code(), Code::kInvalid);
  ASSERT_TRUE(does(&UnitManager::unmask, "hf-j.service"));
  ASSERT_TRUE(reload());
  EXPECT_EQ(state("hf-j.service").load, "not-found");
}

TEST_P(UnitManagerContract, AMaskOfRuntimeStaysWhenItIsUnmasked) {
  world().by_hand("mask --runtime", "hf-runtime.service");
  EXPECT_EQ(state("hf-runtime.service").file, "masked-runtime");
  ASSERT_TRUE(does(&UnitManager::unmask, "hf-runtime.service"));
  ASSERT_TRUE(reload());
  EXPECT_EQ(state("hf-runtime.service").load, "masked");
}

TEST_P(UnitManagerContract, ThatIsMaskedWhileItRunsCanBeStopped) {
  ASSERT_TRUE(does(&UnitManager::mask, "hf-masked.service"));
  ASSERT_TRUE(reload());
  EXPECT_EQ(state("hf-masked.service").load, "masked");
  EXPECT_EQ(state("hf-masked.service").file, "masked");
  ASSERT_TRUE(does(&UnitManager::stop, "hf-masked.service"));
  ASSERT_TRUE(does(&UnitManager::unmask, "hf-masked.service"));
  world().write_file("hf-in-the-way.service", kRuns);
  EXPECT_FALSE(does(&UnitManager::mask, "hf-in-the-way.service")) << "its file would be lost";
}

TEST_P(UnitManagerContract, WithAlsoAloneItIsNotEnabled) {
  world().write_file("hf-other.service", kRuns);
  world().write_file("hf-also.service",
                     "[Service]\nExecStart=/bin/true\n\n[Install]\nAlso=hf-other.service\n");
  EXPECT_EQ(state("hf-also.service").file, "indirect");
  ASSERT_TRUE(does(&UnitManager::enable, "hf-also.service"));
  EXPECT_EQ(state("hf-also.service").file, "indirect");
}

TEST_P(UnitManagerContract, ThatItEndedByItselfIsSeenFromThatItWasStopped) {
  world().write_file("hf-ends.service", "[Service]\nExecStart=/bin/true\n");
  world().write_file("hf-runs.service", kRuns);
  world().write_file("hf-unmet.service",
                     "[Unit]\nConditionPathExists=/hf-none\n[Service]\nExecStart=/bin/true\n");
  ASSERT_TRUE(reload());
  EXPECT_FALSE(state("hf-unmet.service").is_unmet) << "nobody started it";
  for (const std::string unit : {"hf-ends.service", "hf-runs.service", "hf-unmet.service"}) {
    ASSERT_TRUE(does(&UnitManager::start, unit));
    if (unit == "hf-runs.service") {
      ASSERT_TRUE(until_active(unit, "active"));
    }
    ASSERT_TRUE(does(&UnitManager::stop, "hf-runs.service"));
    ASSERT_TRUE(until_active(unit, "inactive"));
  }
  const auto ended = state("hf-ends.service");
  EXPECT_GT(ended.main_exit_us, 0);
  EXPECT_GE(ended.active_exit_us, ended.main_exit_us);
  const auto stopped = state("hf-runs.service");
  EXPECT_GT(stopped.active_exit_us, 0);
  EXPECT_LT(stopped.active_exit_us, stopped.main_exit_us);
  EXPECT_TRUE(state("hf-unmet.service").is_unmet);
  EXPECT_FALSE(ended.is_unmet || stopped.is_unmet);
}

TEST_P(UnitManagerContract, ACancelledCallHasNoEnd) {
  bool has_ended = false;
  const auto call = units().load("hf-k.service", [&](const Result<UnitState>&) { has_ended = true; });
  const auto reload_call = units().reload([&](const Status&) { has_ended = true; });
  EXPECT_NE(call, 0U);
  units().cancel(call);
  units().cancel(reload_call);
  units().cancel(12345);
  settle();
  EXPECT_FALSE(has_ended);
}

TEST_P(UnitManagerContract, WithoutABusCallsFailAndItsReturnIsTold) {
  run("hf-l.service");
  const auto before = state("hf-l.service");
  units().watch("hf-l.service");
  ASSERT_TRUE(until_told("hf-l.service"));
  world().take_bus_away();
  const auto gone = wait<UnitState>([&](auto end) { units().load("hf-l.service", end); });
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code(), Code::kUnavailable) << gone.error().message();
  settle();
  world().bring_bus_back();
  EXPECT_TRUE(world().until([&] {
    return told_.contains("") &&
           wait<UnitState>([&](auto end) { units().load("hf-l.service", end); }).has_value();
  }));
  EXPECT_EQ(state("hf-l.service").invocation, before.invocation) << "it ran on";
}

TEST_P(UnitManagerContract, AHungSystemdIsNotWaitedForBeyondTheDeadline) {
  run("hf-m.service");
  units().watch("hf-m.service");
  ASSERT_TRUE(until_told("hf-m.service"));
  world().hang_systemd();
  const auto hung = wait<UnitState>([&](auto end) { units().load("hf-m.service", end); });
  EXPECT_FALSE(hung);
  settle();
  world().wake_systemd();
  EXPECT_TRUE(until_told("hf-m.service"));
  EXPECT_TRUE(world().until(
      [&] { return wait<UnitState>([&](auto end) { units().load("hf-m.service", end); }).has_value(); }));
}

TEST_P(UnitManagerContract, ASystemdThatExecutesItselfAnewIsFoundAgain) {
  run("hf-n.service");
  const auto before = state("hf-n.service");
  units().watch("hf-n.service");
  ASSERT_TRUE(until_told("hf-n.service"));
  settle();
  world().execute_systemd_anew();
  EXPECT_TRUE(until_told("hf-n.service"));
  EXPECT_TRUE(world().until(
      [&] { return wait<UnitState>([&](auto end) { units().load("hf-n.service", end); }).has_value(); }));
  EXPECT_EQ(state("hf-n.service").invocation, before.invocation);
  settle();
  world().by_hand("stop", "hf-n.service");
  EXPECT_TRUE(until_told("hf-n.service")) << "signals come as before";
}

TEST_P(UnitManagerContract, ManyMayBeAskedForAtOnce) {
  int known = 0;
  std::string trouble;
  for (int i = 0; i < 40; ++i) {
    const std::string unit = "hf-many-" + std::to_string(i) + ".service";
    units().load(unit, [&](const Result<UnitState>& state) {
      ++known;
      if (!state) trouble = state.error().message();
    });
  }
  ASSERT_TRUE(world().until([&] { return known == 40; }));
  EXPECT_EQ(trouble, "");
}

TEST_P(UnitManagerContract, WhatWasAskedByAnAgentThatIsGoneHasNoEnd) {
  bool has_ended = false;
  units().load("hf-o.service", [&](const Result<UnitState>&) { has_ended = true; });
  units().start("hf-o.service", [&](const Status&) { has_ended = true; });
  world().new_agent();
  settle();
  EXPECT_FALSE(has_ended);
  EXPECT_EQ(state("hf-o.service").load, "not-found");
}

}  // namespace
}  // namespace holdfast::base
