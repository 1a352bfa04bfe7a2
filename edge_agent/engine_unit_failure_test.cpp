// SPDX-License-Identifier: Apache-2.0
// Units that cannot be as they are wanted: what is told, and that others go on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge_agent/fake_unit_story.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using base::Code;
using base::Error;
using base::UnitCall;
using sync::Health;
using sync::SectionPhase;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class EngineUnitFailure : public ::testing::Test, protected UnitStory {};

class EngineUnitFailureOfVendor : public EngineUnitFailure {
 protected:
  EngineUnitFailureOfVendor() { node.units.add_vendor_unit("ssh.service", service("/bin/sshd")); }
};

TEST_F(EngineUnitFailureOfVendor, AMaskThatStaysWhenItIsUnmaskedIsToldAndNotFoughtOver) {
  node.units.mask_at_runtime_by_hand("ssh.service");
  want(ssh(R"("state":"running")"));
  EXPECT_THAT(node.section("app").message, HasSubstr("masked elsewhere than in /etc"));
  node.pass(2h);
  EXPECT_EQ(node.units.touched().unmasks, 1U);
  EXPECT_EQ(node.units.touched().reloads, 1U);
}

TEST_F(EngineUnitFailureOfVendor, MaskedSoByHandLaterItIsToldAndNotFoughtOver) {
  want(ssh(R"("state":"running")"));
  node.forget_touched();
  node.units.mask_at_runtime_by_hand("ssh.service");
  node.pass(2h);
  EXPECT_THAT(changes(), ElementsAre("unmask ssh.service", "reload"));
  EXPECT_THAT(node.last_event("RepairFailed"), HasSubstr("masked elsewhere than in /etc"));
}

TEST_F(EngineUnitFailureOfVendor, BehindAHookOfTheNextRevisionItIsNotFoughtOverEither) {
  const auto app = [](const std::string& conf) {
    return ssh(R"("state":"running","restartOn":["File/conf"])").file("conf", "/etc/ssh.conf", conf);
  };
  want(app("a"));
  FakeMeta before;
  before.hook = "PreSync";
  want(app("b").process_spec("before", R"({"command":["/usr/bin/before"],"restartPolicy":"Never"})", before));
  ASSERT_TRUE(node.runs("before"));
  node.forget_touched();
  node.units.mask_at_runtime_by_hand("ssh.service");
  node.pass(5min);
  EXPECT_EQ(node.units.touched().unmasks, 1U);
  EXPECT_EQ(node.units.touched().reloads, 1U);
}

TEST_F(EngineUnitFailure, WithAlsoAloneItCannotBeEnabledAndThatIsToldOnce) {
  want(camera("[Service]\nExecStart=/bin/camera\n[Install]\nAlso=other.service\n"));
  EXPECT_THAT(node.section("app").message, HasSubstr("systemd says that it is \"indirect\""));
  node.pass(2h);
  EXPECT_EQ(node.units.touched().enables, 1U);
}

TEST_F(EngineUnitFailureOfVendor, WhatTheDistributionEnablesIsNotDisabledForEver) {
  node.units.enable_by_vendor("ssh.service");
  want(ssh(R"("enabled":false)"));
  EXPECT_THAT(node.section("app").message, HasSubstr("enabled elsewhere than in /etc"));
  node.pass(2h);
  EXPECT_EQ(node.units.touched().disables, 1U);
}

TEST_F(EngineUnitFailure, TooManyCallsAtATimeAreNotTheFaultOfWhatGitSays) {
  node.units.set_failure(UnitCall::kLoad, Error(Code::kLimit, base::Disposition::kRetry, "too many"));
  want(camera());
  EXPECT_EQ(node.section("app").phase, SectionPhase::kRetrying);
  node.units.set_failure(UnitCall::kLoad, std::nullopt);
  node.pass(10min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineUnitFailure, AFileOnThePathOfAUnitIsAConflict) {
  want(camera().file("same", "/etc/systemd/system/camera.service", "x"));
  EXPECT_EQ(node.section("app").reason, "ClaimConflict");
}

TEST_F(EngineUnitFailure, OneThatFailsRollsItsSectionBack) {
  want(camera());
  want(camera(service("/bin/false")));
  node.pass(2min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.content("/etc/systemd/system/camera.service"), service("/bin/camera"));
  EXPECT_TRUE(node.units.is_active("camera.service"));
  EXPECT_EQ(node.units.started_with("camera.service"), service("/bin/camera"));
  EXPECT_EQ(camera_status().health, Health::kHealthy);
}

TEST_F(EngineUnitFailure, OneThatSystemdCannotLoadSaysWhyAndRollsBack) {
  want(camera());
  want(camera("[Service]\nType=simple" + kInstall));
  node.pass(2min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.count_events("Quarantined"), 1U);
  EXPECT_THAT(node.last_event("Quarantined"), HasSubstr("bad unit file setting"));
  EXPECT_EQ(node.content("/etc/systemd/system/camera.service"), service("/bin/camera"));
  EXPECT_TRUE(node.units.is_active("camera.service"));
}

TEST_F(EngineUnitFailure, OneThatCannotBeEnabledSaysWhy) {
  want(FakeApp("app").unit_spec("camera", spec("camera.service", "[Service]\nExecStart=/bin/camera\n")));
  EXPECT_THAT(node.section("app").message, HasSubstr("has no [Install] section"));
}

TEST_F(EngineUnitFailure, AUnitThatThisMachineDoesNotHaveSaysSo) {
  want(FakeApp("app").unit_spec("ssh", R"({"name":"ssh.service","state":"running"})"));
  EXPECT_THAT(node.section("app").message, HasSubstr("this machine has no unit ssh.service"));
}

TEST_F(EngineUnitFailure, AStopThatIsWantedOfAUnitThatIsNotThereSaysSo) {
  want(FakeApp("app").unit_spec("ssh", R"({"name":"ssh.service","state":"stopped"})"));
  EXPECT_THAT(node.section("app").message, HasSubstr("this machine has no unit ssh.service"));
}

TEST_F(EngineUnitFailure, ACrashLoopIsDegraded) {
  want(camera());
  node.desire({camera(service("/bin/false", "Restart=always\n"))});
  bool was_looping = false;
  for (int i = 0; i < 100 && !was_looping; ++i) {
    node.pass(50ms);
    was_looping = camera_status().reason == "CrashLoopBackOff" && camera_status().health == Health::kDegraded;
  }
  EXPECT_TRUE(was_looping) << camera_status().reason;
}

TEST_F(EngineUnitFailure, OneThatHangsInItsStartIsRolledBack) {
  want(camera());
  want(camera(service("/bin/camera", "Type=notify\n")));
  EXPECT_EQ(camera_status().health, Health::kProgressing);
  node.pass(1h);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined) << node.section("app").message;
  EXPECT_EQ(node.count_events("Quarantined"), 1U);
  EXPECT_TRUE(node.units.is_active("camera.service"));
  EXPECT_EQ(node.units.started_with("camera.service"), service("/bin/camera"));
}

TEST_F(EngineUnitFailure, OneThatHangsInItsStartIsReplacedByWhatComesNext) {
  want(camera(service("/bin/camera", "Type=notify\n")));
  node.forget_touched();
  want(camera());
  EXPECT_TRUE(node.units.is_active("camera.service"));
  EXPECT_EQ(node.units.touched().restarts, 1U);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineUnitFailure, OneThatHangsInItsStartIsStoppedAndGoes) {
  want(camera(service("/bin/camera", "Type=notify\n")));
  want_nothing();
  EXPECT_FALSE(node.content("/etc/systemd/system/camera.service"));
  EXPECT_EQ(node.section("app").name, "");
}

TEST_F(EngineUnitFailure, ThatHangsInItsStopIsToldAndOthersGoOn) {
  want(camera());
  node.units.set_stop_takes(100h);
  node.desire({FakeApp("other").file("motd", "/etc/motd", "hello")},
              {removal_of(FakeApp("app"), sync::RemovalMode::kPrune, true)});
  node.forget_touched();
  node.pass(2h);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kRemoving);
  EXPECT_EQ(node.section("other").phase, SectionPhase::kSynced);
  EXPECT_TRUE(node.content("/etc/systemd/system/camera.service")) << "it still runs by it";
  EXPECT_LE(node.units.touched().changes(), 2U) << "it is not asked for again and again";
}

TEST_F(EngineUnitFailure, AnAliasIsRefusedAndSaysWhoseItIs) {
  want(camera(service("/bin/camera") + "Alias=cam.service\n"));
  ASSERT_EQ(node.section("app").phase, SectionPhase::kSynced) << node.section("app").message;
  node.forget_touched();
  const auto other = FakeApp("other").unit_spec("cam", R"({"name":"cam.service","state":"stopped"})");
  node.desire({camera(service("/bin/camera") + "Alias=cam.service\n"), other});
  node.pass(2h);
  EXPECT_THAT(node.section("other").message, HasSubstr("cam.service is another name of camera.service"));
  EXPECT_TRUE(node.units.is_active("camera.service"));
  EXPECT_EQ(node.units.touched().stops, 0U);
  EXPECT_EQ(node.units.touched().restarts, 0U);
}

TEST_F(EngineUnitFailureOfVendor, ThatBecameAnAliasIsToldOnceAndGivenBackUntouched) {
  want(ssh(R"("state":"running")"));
  node.units.link_by_hand("ssh.service", "camera.service");
  node.units.add_vendor_unit("camera.service", service("/bin/camera"));
  node.units.start_by_hand("camera.service");
  node.forget_touched();
  node.pass(2h);
  EXPECT_THAT(changes(), ElementsAre());
  EXPECT_THAT(node.last_event("RepairFailed"), HasSubstr("is another name of camera.service"));
  EXPECT_LE(node.count_events("RepairFailed"), 1U);
  want_nothing();
  EXPECT_THAT(changes(), ElementsAre());
  EXPECT_EQ(node.section("app").name, "");
}

TEST_F(EngineUnitFailure, AUnitThatAnotherToolStartedFromRunIsNotTakenForOurs) {
  node.units.run_transient_by_hand("camera.service", service("/bin/of-another-tool"));
  node.desire({camera(), FakeApp("other").file("motd", "/etc/motd", "hello")});
  node.pass(30s);
  EXPECT_THAT(node.section("app").message, HasSubstr("/run/systemd/transient/camera.service"));
  EXPECT_EQ(node.units.touched().restarts, 0U);
  EXPECT_EQ(node.section("other").phase, SectionPhase::kSynced);
}

TEST_F(EngineUnitFailure, OneThatDoesNotEndWhenItIsRestartedIsNotTakenForNew) {
  const auto app = [](const std::string& what) {
    return FakeApp("app").unit_spec(
        "data", spec("data.mount", "[Mount]\nWhat=" + what + "\nWhere=/data\n" + kInstall));
  };
  want(app("/dev/sda1"));
  node.pass(1min);
  node.units.set_stays("data.mount");
  want(app("/dev/sdb1"));
  node.pass(10min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_THAT(node.last_event("Quarantined"), HasSubstr("did not end (exit-code)"));
  EXPECT_LE(node.units.touched().restarts, 2U) << "once for each of the two";
}

TEST_F(EngineUnitFailure, WhatAnotherToolWritesAgainAndAgainIsPutBackMoreAndMoreRarely) {
  want(camera());
  node.forget_touched();
  for (int i = 0; i < 600; ++i) {
    node.host.edit_by_hand("/etc/systemd/system/camera.service", service("/bin/of-another-tool"));
    node.pass(1s);
  }
  EXPECT_LE(node.units.touched().reloads, 8U);
  EXPECT_EQ(node.units.touched().restarts, 0U);
}

TEST_F(EngineUnitFailure, OneThatFailedIsStartedOnceMoreByTheNextTry) {
  node.desire({camera()});
  node.pass(500ms);
  node.units.kill_by_hand("camera.service");
  node.pass(1s);
  ASSERT_EQ(node.section("app").phase, SectionPhase::kRetrying) << node.section("app").message;
  node.forget_touched();
  node.pass(1s);
  EXPECT_EQ(node.units.touched().changes(), 0U) << "not before its time";
  node.pass(1min);
  EXPECT_EQ(node.units.touched().starts, 1U);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

// ---- a start that comes to nothing ----

TEST_F(EngineUnitFailure, AStartThatSystemdRefusesFailsItsRevisionAndIsNotAskedForAgainAndAgain) {
  node.units.set_never_starts("camera.service");
  want(camera());
  EXPECT_THAT(node.section("app").message, HasSubstr("systemd did not start camera.service"));
  node.pass(1h);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  node.forget_touched();
  node.units.set_gone(true);
  node.pass(1min);
  node.units.set_gone(false);
  node.pass(1h);
  EXPECT_EQ(node.count_events("DriftHealed"), 0U) << "it was never put right";
  EXPECT_LE(node.units.touched().starts, 13U);
}

TEST_F(EngineUnitFailure, ThatWasStoppedAndDoesNotStartAgainIsTriedMoreAndMoreRarely) {
  want(camera());
  node.units.set_never_starts("camera.service");
  node.units.stop_by_hand("camera.service");
  node.forget_touched();
  node.pass(1h);
  EXPECT_EQ(node.count_events("DriftHealed"), 0U);
  EXPECT_GE(node.units.touched().starts, 3U);
  EXPECT_LE(node.units.touched().starts, 20U);
  EXPECT_THAT(node.last_event("RepairFailed"), HasSubstr("systemd did not start camera.service"));
  EXPECT_NE(camera_status().health, Health::kHealthy);
  node.units.set_never_starts("camera.service", false);
  node.pass(10min);
  EXPECT_TRUE(node.units.is_active("camera.service"));
  EXPECT_EQ(node.count_events("DriftHealed"), 1U);
}

TEST_F(EngineUnitFailure, WhomAHandStopsAgainAndAgainIsStartedMoreAndMoreRarely) {
  want(camera());
  node.forget_touched();
  for (int i = 0; i < 600; ++i) {
    node.units.stop_by_hand("camera.service");
    node.pass(1s);
  }
  EXPECT_LE(node.units.touched().starts, 8U);
}

// ---- another revision while systemd is at it ----

class EngineUnitOvertaken : public EngineUnitFailure {
 protected:
  /// A third revision comes while systemd carries out the restart of the second.
  void overtake(const std::function<void()>& before_third_is_restarted = nullptr) {
    FakeApp second = camera(service("/bin/second"));
    FakeApp third = camera(service("/bin/third"));
    third.policy.retry.limit = 0;
    want(camera());
    node.units.before_change([=, this](const std::string& what) {
      if (what != "restart camera.service") return;
      ++restarts_;
      if (restarts_ > 1 && before_third_is_restarted) before_third_is_restarted();
      if (restarts_ > 1) return;
      node.desire({third});
      static_cast<void>(node.engine().run_due());
    });
    want(second);
    node.pass(1min);
    node.units.before_change(nullptr);
  }
  int restarts_ = 0;
};

TEST_F(EngineUnitOvertaken, RunsWithTheNewestAndNotWithWhatWasOnItsWay) {
  overtake();
  EXPECT_EQ(restarts_, 2);
  EXPECT_EQ(node.units.started_with("camera.service"), service("/bin/third"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineUnitOvertaken, TheErrorOfTheOneBeforeIsNoneOfTheNewest) {
  node.units.set_lost_answer(UnitCall::kRestart, Error(Code::kInvalid, "no"));
  overtake([this] { node.units.set_lost_answer(UnitCall::kRestart, std::nullopt); });
  EXPECT_EQ(node.count_events("Quarantined"), 0U);
  EXPECT_EQ(node.units.started_with("camera.service"), service("/bin/third"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

}  // namespace
}  // namespace holdfast::edge_agent
