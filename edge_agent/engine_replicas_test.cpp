// SPDX-License-Identifier: Apache-2.0
// Deployments and DaemonSets on the node: made, changed without a gap, scaled, adopted, rolled back and removed, on a fake container engine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "edge_agent/fake_node.hpp"
#include "edge_agent/pod_labels.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using base::ContainerName;
using sync::Health;
using sync::SectionPhase;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr const char* kImage = "registry.example.com/web:1";

class EngineReplicas : public ::testing::Test {
 protected:
  EngineReplicas() { node.have_image(kImage); }
  static std::string spec(const std::string& more, const std::string& args,
                          const std::string& of_container = "", const std::string& image = kImage) {
    return R"({"selector":{"matchLabels":{"app":"web"}},)" + more +
           R"("template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"app","image":")" +
           image + R"(","args":[")" + args + "\"]" + of_container + "}]}}}";
  }
  static FakeApp web(int replicas, const std::string& args = "1", const std::string& more = "",
                     const std::string& image = kImage) {
    FakeApp app("app");
    app.policy.progress_deadline = 1h;
    return app.workload("Deployment", "web",
                        spec("\"replicas\":" + std::to_string(replicas) + "," + more, args, "", image));
  }
  void start(const FakeApp& app) {
    node.desire({app});
    node.settle();
  }
  std::vector<std::string> changes() const { return node.containers.changes(); }
  std::set<std::string> running() const { return node.containers.running(); }
  std::string args_of(const std::string& name) const {
    const auto* spec = node.containers.spec_of(ContainerName(name));
    return spec == nullptr || !spec->arguments ? "" : spec->arguments->front();
  }
  std::map<std::string, base::ContainerId> ids() const {
    std::map<std::string, base::ContainerId> out;
    for (const auto& name : running()) out[name] = node.containers.container(ContainerName(name))->id;
    return out;
  }

  FakeNode node;
};

TEST_F(EngineReplicas, AreMadeAndStarted) {
  start(web(3));
  EXPECT_THAT(running(), ElementsAre("hf.default.web-0.app", "hf.default.web-1.app", "hf.default.web-2.app"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced) << node.section("app").message;
  EXPECT_EQ(node.resource("Deployment/web").health, Health::kHealthy);
}

TEST_F(EngineReplicas, NothingIsDoneOrReadWhenNothingChanged) {
  start(web(3));
  node.forget_touched();
  node.pass(24h);
  EXPECT_EQ(node.containers.touched(), base::EngineTouched{}) << "passes are from the cache";
}

/// Simulator, seed 66: one too many of a copied pod was removed and made again without end.
TEST_F(EngineReplicas, AContainerOfACommittedImageIsNoneOfThem) {
  start(web(3));
  auto copy = *node.containers.spec_of(ContainerName("hf.default.web-2.app"));
  copy.name = ContainerName("a-copy");
  node.containers.create_by_hand(copy);
  ASSERT_TRUE(node.restart());
  node.forget_touched();
  start(web(2));
  EXPECT_THAT(changes(), ElementsAre("stop hf.default.web-2.app", "remove hf.default.web-2.app"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_NE(node.containers.container(copy.name), nullptr);
}

TEST_F(EngineReplicas, AChangeStartsTheNewOneBeforeTheOldOneStops) {
  start(web(1));
  node.forget_touched();
  start(web(1, "2"));
  EXPECT_THAT(changes(), ElementsAre("create hf.default.web-1.app", "start hf.default.web-1.app",
                                     "stop hf.default.web-0.app", "remove hf.default.web-0.app"));
  EXPECT_EQ(args_of("hf.default.web-1.app"), "2");
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  node.forget_touched();
  start(web(1, "3"));
  EXPECT_THAT(running(), ElementsAre("hf.default.web-0.app"));
}

TEST_F(EngineReplicas, WhatItMakesIsToldAsCreatedAndUpdatedAndNotAsAdopted) {
  start(web(1, "1"));
  EXPECT_THAT(node.last_event("Applied"), ::testing::HasSubstr("1 created, 0 updated, 0 adopted"));
  start(web(1, "2"));
  EXPECT_THAT(node.last_event("Applied"), ::testing::HasSubstr("0 created, 1 updated, 0 adopted"));
}

TEST_F(EngineReplicas, AnotherAnnotationOrLabelOfTheTemplateIsAnotherRevision) {
  const auto with = [](const std::string& metadata) {
    return FakeApp("app").workload(
        "Deployment", "web",
        R"({"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web")" +
            metadata + R"(},"spec":{"containers":[{"name":"app","image":")" + kImage + "\"}]}}}");
  };
  start(with("}"));
  start(with(R"(},"annotations":{"kubectl.kubernetes.io/restartedAt":"2026-11-30T10:00:00Z"})"));
  EXPECT_THAT(running(), ElementsAre("hf.default.web-1.app"));
  start(
      with(R"(,"tier":"front"},"annotations":{"kubectl.kubernetes.io/restartedAt":"2026-11-30T10:00:00Z"})"));
  EXPECT_THAT(running(), ElementsAre("hf.default.web-0.app"));
}

TEST_F(EngineReplicas, AChangeLeavesEnoughOfThemAtEveryMoment) {
  start(web(4));
  std::size_t least = 4;
  std::size_t most = 0;
  node.containers.before_change([&](const std::string&) {
    least = std::min(least, running().size());
    most = std::max(most, running().size());
  });
  start(web(4, "2"));
  node.pass(10s);
  node.containers.before_change(nullptr);
  EXPECT_GE(least, 3U);
  EXPECT_LE(most, 5U);
  EXPECT_EQ(running().size(), 4U);
  for (const auto& name : running()) EXPECT_EQ(args_of(name), "2");
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineReplicas, RecreateStopsAllBeforeTheFirstNewOneComes) {
  const std::string recreate = R"("strategy":{"type":"Recreate"},)";
  start(web(2, "1", recreate));
  node.forget_touched();
  start(web(2, "2", recreate));
  const auto all = changes();
  const auto first_new =
      std::ranges::find_if(all, [](const auto& text) { return text.starts_with("create"); });
  const auto last_old =
      std::find_if(all.rbegin(), all.rend(), [](const auto& text) { return text.starts_with("remove"); });
  EXPECT_LT(last_old.base() - all.begin(), first_new - all.begin() + 1);
  EXPECT_EQ(args_of("hf.default.web-0.app"), "2");
  EXPECT_EQ(args_of("hf.default.web-1.app"), "2");
}

TEST_F(EngineReplicas, MinReadySecondsHoldsBackTheOldOne) {
  const std::string slow = R"("minReadySeconds":30,)";
  start(web(1, "1", slow));
  node.pass(40s);
  start(web(1, "2", slow));
  EXPECT_EQ(running().size(), 2U);
  EXPECT_EQ(node.resource("Deployment/web").health, Health::kProgressing);
  node.pass(25s);
  EXPECT_EQ(running().size(), 2U) << "ready, and not yet for so long";
  node.pass(10s);
  EXPECT_THAT(running(), ElementsAre("hf.default.web-1.app"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineReplicas, AChangeWhoseNewPodEndsAgainAndAgainSaysWhichAndWhy) {
  start(web(1));
  node.containers.set_program(ContainerName("hf.default.web-1.app"), {.exits_with = 7, .exits_after = 10ms});
  start(web(1, "2"));
  node.pass(5min);
  const auto said = node.resource("Deployment/web");
  EXPECT_THAT(said.message, HasSubstr("0 of them available; 1 of before are to go"));
  EXPECT_THAT(said.message, HasSubstr("pod web-1"));
  EXPECT_THAT(said.message, HasSubstr("7"));
}

TEST_F(EngineReplicas, FewerNeedNoPermissionToDelete) {
  FakeApp app = web(3);
  app.policy.prune = false;
  start(app);
  node.forget_touched();
  app = web(1);
  app.policy.prune = false;
  start(app);
  EXPECT_EQ(running().size(), 1U);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced) << node.section("app").message;
  EXPECT_EQ(node.count_events("Pruned"), 0U);
  start(web(0));
  EXPECT_THAT(running(), IsEmpty());
  EXPECT_EQ(node.resource("Deployment/web").health, Health::kHealthy);
  start(web(2));
  EXPECT_EQ(running().size(), 2U);
}

TEST_F(EngineReplicas, WhileTheImageIsMissingNothingOfTheOldIsTouched) {
  const std::string recreate = R"("strategy":{"type":"Recreate"},)";
  start(web(2, "1", recreate));
  node.forget_touched();
  start(web(2, "2", recreate, "registry.example.com/web:2"));
  EXPECT_EQ(running().size(), 2U);
  EXPECT_THAT(changes(), IsEmpty());
  EXPECT_EQ(node.resource("Deployment/web").reason, "ErrImagePull");
  node.have_image("registry.example.com/web:2");
  node.pass(1min);
  EXPECT_EQ(args_of("hf.default.web-0.app"), "2");
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

/// One that is on its way there, and did not come within its time once: the next attempt is minutes away.
class EngineReplicasAhead : public EngineReplicas {
 protected:
  void SetUp() override {
    start(web(1));
    node.desire({web(1, "2", R"("progressDeadlineSeconds":60,)", "registry.example.com/web:2")});
    for (int i = 0; i < 300 && node.section("app").phase != SectionPhase::kRetrying; ++i) node.pass(1s);
    ASSERT_EQ(node.section("app").phase, SectionPhase::kRetrying);
    node.forget_touched();
  }
  void expect_kept() {
    EXPECT_EQ(node.section("app").phase, SectionPhase::kRetrying) << "between two attempts";
    EXPECT_THAT(running(), ElementsAre("hf.default.web-0.app"));
    EXPECT_EQ(args_of("hf.default.web-0.app"), "1");
  }
};

TEST_F(EngineReplicasAhead, OneOfBeforeThatEndsIsStartedAgain) {
  node.containers.exit_by_hand(ContainerName("hf.default.web-0.app"), 1);
  node.pass(1s);
  expect_kept();
}

TEST_F(EngineReplicasAhead, OneOfBeforeThatIsRemovedIsMadeAgain) {
  node.containers.remove_by_hand(ContainerName("hf.default.web-0.app"));
  node.pass(1s);
  expect_kept();
}

TEST_F(EngineReplicasAhead, TheChangeComesOnceItsImageIsThere) {
  node.have_image("registry.example.com/web:2");
  node.pass(10min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_THAT(running(), ElementsAre("hf.default.web-1.app"));
}

TEST_F(EngineReplicas, ABrokenNewOneLeavesTheOldOneAndTheRevisionGoesBack) {
  start(web(1));
  const auto before = ids();
  node.containers.set_program(ContainerName("hf.default.web-1.app"), {.exits_with = 1, .exits_after = 10ms});
  node.desire({web(1, "2", R"("progressDeadlineSeconds":60,)")});
  node.pass(20s);
  EXPECT_EQ(ids()["hf.default.web-0.app"], before.at("hf.default.web-0.app"));
  EXPECT_EQ(node.resource("Deployment/web").health, Health::kProgressing);
  node.pass(10min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_THAT(node.section("app").message, HasSubstr("ProgressDeadlineExceeded"));
  EXPECT_EQ(ids(), before) << "the old one was never touched, and the new one is gone";
  EXPECT_EQ(node.containers.container(ContainerName("hf.default.web-1.app")), nullptr);
  EXPECT_EQ(node.resource("Deployment/web").health, Health::kHealthy);
}

TEST_F(EngineReplicas, AnOldOneThatEndsDuringAChangeIsStartedAgain) {
  const std::string slow = R"("minReadySeconds":300,)";
  start(web(1, "1"));
  start(web(1, "2", slow));
  node.containers.exit_by_hand(ContainerName("hf.default.web-0.app"), 1);
  node.pass(1s);
  EXPECT_THAT(running(), ElementsAre("hf.default.web-0.app", "hf.default.web-1.app"));
}

/// The first revision of web has a liveness probe; the next has none and long to go, after something else.
class EngineReplicasOfBefore : public EngineReplicas {
 protected:
  static constexpr const char* kLiveness =
      R"(,"livenessProbe":{"exec":{"command":["alive"]},"periodSeconds":1,"failureThreshold":1})";
  static FakeApp first() {
    FakeApp app = web(1);
    return app.workload("Deployment", "web", spec(R"("replicas":1,)", "1", kLiveness), {.wave = 5});
  }
  static FakeApp next() {
    FakeApp app = web(1);
    return app.workload("Deployment", "web", spec(R"("replicas":1,"minReadySeconds":300,)", "2"),
                        {.wave = 5});
  }
  /// In the middle of the change the old one hangs.
  void expect_probed() {
    const auto all = running();
    ASSERT_TRUE(all.contains("hf.default.web-0.app") && all.contains("hf.default.web-1.app"));
    node.forget_touched();
    node.containers.set_exec("alive", {.exit_code = 1});
    node.pass(5s);
    EXPECT_THAT(changes(), Contains("stop hf.default.web-0.app"));
    EXPECT_THAT(changes(), Contains("start hf.default.web-0.app"));
  }
};

TEST_F(EngineReplicasOfBefore, AreKeptByTheirRulesThroughAnEarlierWave) {
  start(first());
  node.pass(10s);
  start(
      next().workload("Deployment", "slow", spec(R"("replicas":1,"minReadySeconds":30,)", "1"), {.wave = 1}));
  node.pass(20s);
  ASSERT_EQ(node.resource("Deployment/web").reason, "Waiting");
  node.pass(20s);
  expect_probed();
}

TEST_F(EngineReplicasOfBefore, AreKeptByTheirRulesThroughManyAttemptsOfAHook) {
  start(first());
  node.pass(10s);
  const auto ends = [&](std::int32_t code) {
    base::FakeProgram program;
    program.exits_with = code;
    program.exits_after = 1s;
    node.host.set_program(node.process("migrate"), program);
  };
  ends(1);
  FakeApp app = next();
  app.policy.retry.limit = 20;
  FakeMeta hook;
  hook.hook = "PreSync";
  app.process_spec("migrate", R"({"command":["/usr/bin/migrate"],"restartPolicy":"Never"})", hook);
  start(app);
  node.pass(3min);
  ends(0);
  node.pass(5min);
  expect_probed();
}

TEST_F(EngineReplicasOfBefore, AreKeptByTheirRulesByANewAgentThatSawThemBeforeTheirTurn) {
  start(first());
  node.pass(10s);
  start(
      next().workload("Deployment", "slow", spec(R"("replicas":1,"minReadySeconds":30,)", "1"), {.wave = 1}));
  ASSERT_TRUE(node.restart());
  node.pass(45s);
  expect_probed();
}

TEST_F(EngineReplicas, OneThatEndsIsStartedAgainAndOneThatIsRemovedMadeAgain) {
  start(web(2));
  node.containers.exit_by_hand(ContainerName("hf.default.web-0.app"), 3);
  node.run();
  EXPECT_EQ(running().size(), 2U);
  EXPECT_THAT(node.last_event("Restarted"), HasSubstr("web-0: container app exited with code 3"));
  node.containers.remove_by_hand(ContainerName("hf.default.web-1.app"));
  node.settle();
  EXPECT_EQ(running().size(), 2U);
  EXPECT_EQ(node.count_events("DriftHealed"), 1U);
}

TEST_F(EngineReplicas, OneOfThemDownIsDegradedAndSaidByName) {
  start(web(2));
  for (int i = 0; i < 2; ++i) {
    node.containers.exit_by_hand(ContainerName("hf.default.web-1.app"), 1);
    node.pass(1s);
  }
  EXPECT_EQ(node.resource("Deployment/web").health, Health::kDegraded);
  EXPECT_EQ(node.resource("Deployment/web").reason, "CrashLoopBackOff");
  EXPECT_THAT(node.resource("Deployment/web").message, HasSubstr("1 of 2 pods are available; pod web-1:"));
  node.pass(15s);
  EXPECT_EQ(node.resource("Deployment/web").health, Health::kHealthy);
}

TEST_F(EngineReplicas, ANewAgentAdoptsThem) {
  start(web(3));
  const auto before = ids();
  node.forget_touched();
  ASSERT_TRUE(node.restart());
  node.pass(10s);
  EXPECT_THAT(changes(), IsEmpty());
  EXPECT_EQ(ids(), before);
  EXPECT_EQ(node.resource("Deployment/web").health, Health::kHealthy);
}

TEST_F(EngineReplicas, AfterARebootTheyRunAgain) {
  start(web(2));
  node.reboot();
  node.settle();
  EXPECT_EQ(running().size(), 2U);
}

TEST_F(EngineReplicas, RemovedFromGitTheyAreGone) {
  start(web(3).file("a", "/a", "x"));
  start(FakeApp("app").file("a", "/a", "x"));
  EXPECT_THAT(running(), IsEmpty());
  EXPECT_EQ(node.containers.container(ContainerName("hf.default.web-0.app")), nullptr);
  EXPECT_EQ(node.count_events("Pruned"), 1U) << "they are parts of one thing";
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EngineReplicas, APodOfTheNameOfOneOfThemIsAConflict) {
  FakeApp app = web(1);
  app.policy.progress_deadline = 60s;
  start(app);
  const auto before = ids();
  node.desire({app, FakeApp("other").pod("web-0", std::string(R"({"containers":[{"name":"app","image":")") +
                                                      kImage + R"("}]})")});
  node.pass(1min);
  EXPECT_EQ(ids(), before);
  EXPECT_EQ(node.resource("Pod/web-0").reason, "ClaimConflict");
  EXPECT_THAT(node.resource("Pod/web-0").message, HasSubstr("Deployment/web"));
  EXPECT_EQ(node.resource("Deployment/web").health, Health::kHealthy);
}

TEST_F(EngineReplicas, ADaemonSetIsOnePodThatStopsBeforeItsSuccessorStarts) {
  FakeApp app("app");
  app.workload("DaemonSet", "agent", spec("", "1"));
  start(app);
  EXPECT_THAT(running(), ElementsAre("hf.default.agent.app"));
  node.forget_touched();
  app.workload("DaemonSet", "agent", spec("", "2"));
  start(app);
  EXPECT_THAT(changes(), ElementsAre("stop hf.default.agent.app", "remove hf.default.agent.app",
                                     "create hf.default.agent.app", "start hf.default.agent.app"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  start(FakeApp("app").file("a", "/a", "x"));
  EXPECT_THAT(running(), IsEmpty());
}

TEST_F(EngineReplicas, AWaveThatTakesLongCostsItNothingOfItsDeadline) {
  FakeApp app = web(1);
  app.workload("Deployment", "web", spec(R"("replicas":1,"progressDeadlineSeconds":60,)", "1"), {.wave = 5});
  app.workload("Deployment", "slow", spec(R"("replicas":1,"minReadySeconds":120,)", "1"), {.wave = 1});
  start(app);
  node.pass(5min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced) << node.section("app").message;
  EXPECT_EQ(node.count_events("Failed"), 0U);
}

TEST_F(EngineReplicas, AnEngineThatIsAwayCostsAChangeNothingOfItsDeadline) {
  start(web(1));
  const std::string slow = R"("progressDeadlineSeconds":60,"minReadySeconds":30,)";
  node.desire({web(1, "2", slow)});
  node.pass(5s);
  node.containers.set_gone(true);
  node.pass(10min);
  node.containers.set_gone(false);
  node.pass(10min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced) << node.section("app").message;
  EXPECT_THAT(running(), ElementsAre("hf.default.web-1.app"));
}

TEST_F(EngineReplicas, WhatWasAPodOfThatNameIsNotPrunedWithIt) {
  FakeApp app("app");
  app.pod("web-0", std::string(R"({"containers":[{"name":"app","image":")") + kImage + R"("}]})");
  start(app);
  start(web(1));
  node.pass(30s);
  EXPECT_THAT(running(), ElementsAre("hf.default.web-0.app"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.count_events("DriftHealed"), 0U);
}

TEST_F(EngineReplicas, AnOldOneThatEndedWhileTheAgentWasAwayIsStartedAgain) {
  start(web(1));
  start(web(1, "2", R"("minReadySeconds":300,)"));
  node.kill();
  node.containers.exit_by_hand(ContainerName("hf.default.web-0.app"), 1);
  ASSERT_TRUE(node.boot());
  node.pass(5s);
  EXPECT_THAT(running(), ElementsAre("hf.default.web-0.app", "hf.default.web-1.app"));
}

TEST_F(EngineReplicas, FewerNeedNoImage) {
  start(web(3));
  node.containers.set_failure(base::EngineCall::kImage, base::Error(base::Code::kNotFound, "no such image"));
  ASSERT_TRUE(node.restart());
  node.settle();
  start(web(1));
  EXPECT_EQ(running().size(), 1U);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

// ---- killed anywhere ----

/// Dies before the n-th change at the engine, is started again, and must end in the same place.
TEST_F(EngineReplicas, KilledAtAnyPointOfAChangeItEndsInTheSamePlace) {
  for (std::size_t point = 0;; ++point) {
    FakeNode one;
    one.have_image(kImage);
    one.desire({web(3)});
    one.settle();
    std::size_t changes_seen = 0;
    std::size_t least = 3;
    one.containers.before_change([&](const std::string&) {
      least = std::min(least, one.containers.running().size());
      ++changes_seen;
    });
    one.desire({web(3, "2")});
    // Some steps, then the agent dies between two of them.
    for (std::size_t i = 0; i < point; ++i) {
      one.engine().run_due();
      one.containers.deliver();
      one.host.deliver();
      one.clock.advance(20ms);
    }
    const bool is_over = one.section("app").phase == SectionPhase::kSynced &&
                         one.containers.running().size() == 3 && changes_seen >= 12;
    ASSERT_TRUE(one.restart());
    one.pass(10s);
    EXPECT_GE(least, 3U) << "point " << point;
    EXPECT_EQ(one.containers.running().size(), 3U) << "point " << point;
    for (const auto& name : one.containers.running()) {
      const auto* made = one.containers.spec_of(ContainerName(name));
      EXPECT_EQ(made->arguments->front(), "2") << "point " << point;
    }
    EXPECT_EQ(one.section("app").phase, SectionPhase::kSynced) << "point " << point;
    if (is_over || HasFailure()) break;
    ASSERT_LT(point, 500U);
  }
}

}  // namespace
}  // namespace holdfast::edge_agent
