// SPDX-License-Identifier: Apache-2.0
// A Pod on the node: made, kept, exchanged, adopted and removed, on a fake container engine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge_agent/fake_node.hpp"
#include "edge_agent/pod_labels.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using base::ContainerName;
using base::ContainerPhase;
using base::EngineCall;
using sync::Health;
using sync::SectionPhase;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const ContainerName kWeb{"hf.default.web.app"};
constexpr const char* kImage = "registry.example.com/web:1";

class EnginePod : public ::testing::Test {
 protected:
  EnginePod() { node.have_image(kImage); }
  static FakeApp web(const std::string& more = "", const std::string& of_pod = "") {
    FakeApp app("app");
    app.policy.progress_deadline = 60s;
    return app.pod("web", std::string(R"({"containers":[{"name":"app","image":")") + kImage + "\"" +
                              (more.empty() ? "" : "," + more) + "}]" + (of_pod.empty() ? "" : "," + of_pod) +
                              "}");
  }
  void start(const FakeApp& app) {
    node.desire({app});
    node.settle();
  }
  std::vector<std::string> changes() const { return node.containers.changes(); }
  bool runs() const { return node.containers.running().contains(kWeb.str()); }
  base::ContainerId id() const {
    const auto* state = node.containers.container(kWeb);
    return state == nullptr ? base::ContainerId() : state->id;
  }

  FakeNode node;
};

TEST_F(EnginePod, IsMadeAndStarted) {
  start(web());
  EXPECT_THAT(changes(), ElementsAre("create hf.default.web.app", "start hf.default.web.app"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.resource("Pod/web").health, Health::kHealthy);
}

TEST_F(EnginePod, NothingIsConnectedBeforeAContainerIsWanted) {
  start(FakeApp("app").file("a", "/etc/a", "x"));
  node.pass(1h);
  EXPECT_EQ(node.containers.touched(), base::EngineTouched{});
}

TEST_F(EnginePod, NothingIsDoneOrReadWhenNothingChanged) {
  start(web());
  node.forget_touched();
  node.pass(24h);
  EXPECT_EQ(node.containers.touched(), base::EngineTouched{}) << "passes are from the cache";
}

TEST_F(EnginePod, AChangedSpecIsStopRemoveAndAnew) {
  start(web());
  node.forget_touched();
  start(web(R"("args":["--new"])"));
  EXPECT_THAT(changes(), ElementsAre("stop hf.default.web.app", "remove hf.default.web.app",
                                     "create hf.default.web.app", "start hf.default.web.app"));
  EXPECT_THAT(*node.containers.spec_of(kWeb)->arguments, ElementsAre("--new"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EnginePod, ANewPolicyAloneTouchesNothing) {
  start(web());
  node.forget_touched();
  start(web("", R"("restartPolicy":"OnFailure")"));
  EXPECT_THAT(changes(), IsEmpty());
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EnginePod, WhileItsImageIsMissingTheOldOneGoesOn) {
  start(web());
  FakeApp next("app");
  next.pod("web", R"({"containers":[{"name":"app","image":"registry.example.com/web:2"}]})");
  start(next);
  EXPECT_TRUE(runs());
  EXPECT_EQ(node.resource("Pod/web").reason, "ErrImagePull");
  EXPECT_THAT(node.resource("Pod/web").message, HasSubstr("registry.example.com/web:2"));
  node.have_image("registry.example.com/web:2");
  node.pass(30s);
  EXPECT_EQ(node.containers.spec_of(kWeb)->image,
            "sha256:" + base::Digest::of("registry.example.com/web:2").hex());
  EXPECT_TRUE(runs());
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EnginePod, AnImageThatNeverComesFailsTheRevision) {
  start(web());
  FakeApp next = web(R"("imagePullPolicy":"Never","args":["x"])");
  next.pod("more", R"({"containers":[{"name":"app","image":"nowhere/x:1","imagePullPolicy":"Never"}]})");
  node.desire({next});
  node.pass(10min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_THAT(node.section("app").message, HasSubstr("Never"));
  EXPECT_TRUE(runs());
}

TEST_F(EnginePod, KilledByHandItIsBackAtOnce) {
  start(web());
  const auto before = id();
  node.containers.exit_by_hand(kWeb, 137);
  node.run();
  EXPECT_TRUE(runs());
  EXPECT_EQ(id(), before);
  EXPECT_THAT(node.last_event("Restarted"), HasSubstr("signal 9"));
}

TEST_F(EnginePod, LaterRestartsBackOffAsInKubernetes) {
  start(web());
  node.containers.exit_by_hand(kWeb, 1);
  node.run();
  for (const auto wait : {10s, 20s, 40s}) {
    node.containers.exit_by_hand(kWeb, 1);
    node.pass(wait - 1s);
    EXPECT_FALSE(runs());
    EXPECT_EQ(node.resource("Pod/web").reason, "CrashLoopBackOff");
    EXPECT_EQ(node.section("app").health, Health::kDegraded);
    node.pass(2s);
    EXPECT_TRUE(runs());
  }
}

struct Policy {
  const char* name;
  const char* policy;
  std::int64_t code;
  bool restarts;
  const char* reason;
  Health health;
};
class EnginePodPolicy : public EnginePod, public ::testing::WithParamInterface<Policy> {};

TEST_P(EnginePodPolicy, DecidesWhatAnEndMeans) {
  start(web("", std::string(R"("restartPolicy":")") + GetParam().policy + "\""));
  node.containers.exit_by_hand(kWeb, GetParam().code);
  node.pass(1s);
  EXPECT_EQ(runs(), GetParam().restarts);
  EXPECT_EQ(node.resource("Pod/web").reason, GetParam().reason);
  EXPECT_EQ(node.resource("Pod/web").health, GetParam().health);
  ASSERT_TRUE(node.restart());
  node.settle();
  EXPECT_EQ(runs(), GetParam().restarts);
}

INSTANTIATE_TEST_SUITE_P(
    Table, EnginePodPolicy,
    ::testing::Values(Policy{"AlwaysAndGood", "Always", 0, true, "", Health::kHealthy},
                      Policy{"AlwaysAndBad", "Always", 1, true, "", Health::kHealthy},
                      Policy{"OnFailureAndGood", "OnFailure", 0, false, "Completed", Health::kHealthy},
                      Policy{"OnFailureAndBad", "OnFailure", 1, true, "", Health::kHealthy},
                      Policy{"NeverAndGood", "Never", 0, false, "Completed", Health::kHealthy},
                      Policy{"NeverAndBad", "Never", 3, false, "Failed", Health::kDegraded}),
    [](const auto& info) { return info.param.name; });

TEST_F(EnginePod, ANewAgentAdoptsWhatRuns) {
  start(web());
  const auto before = id();
  node.forget_touched();
  ASSERT_TRUE(node.restart());
  node.pass(10s);
  EXPECT_THAT(changes(), IsEmpty());
  EXPECT_EQ(id(), before);
  EXPECT_EQ(node.resource("Pod/web").health, Health::kHealthy);
  EXPECT_EQ(node.containers.touched().lists, 1U);
  EXPECT_EQ(node.containers.touched().inspects, 1U);
  EXPECT_EQ(node.count_events("Unobservable"), 0U);
}

TEST_F(EnginePod, AfterARebootItRunsAgain) {
  start(web());
  node.reboot();
  EXPECT_FALSE(runs());
  node.settle();
  EXPECT_TRUE(runs());
}

TEST_F(EnginePod, RemovedByHandItIsMadeAgain) {
  start(web());
  node.containers.remove_by_hand(kWeb);
  node.settle();
  EXPECT_TRUE(runs());
  EXPECT_EQ(node.count_events("DriftHealed"), 1U);
  EXPECT_EQ(node.resource("Pod/web").health, Health::kHealthy);
}

TEST_F(EnginePod, RemovedFromGitItIsStoppedAndGone) {
  start(web("", R"("terminationGracePeriodSeconds":7)").file("a", "/a", "x"));
  node.containers.set_program(kWeb, {.ignores_term = true});
  node.containers.exit_by_hand(kWeb, 1);
  node.settle();
  start(FakeApp("app").file("a", "/a", "x"));
  EXPECT_TRUE(runs());
  node.pass(5s);
  EXPECT_TRUE(runs()) << "it has 7 s";
  node.pass(3s);
  EXPECT_EQ(node.containers.container(kWeb), nullptr);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.count_events("Pruned"), 1U);
}

TEST_F(EnginePod, AForeignContainerOfItsNameIsLeftAlone) {
  base::ContainerSpec foreign;
  foreign.name = kWeb;
  foreign.image = kImage;
  node.containers.create_by_hand(foreign);
  node.containers.start_by_hand(kWeb);
  const auto before = id();
  node.desire({web()});
  node.pass(5min);
  EXPECT_EQ(id(), before);
  EXPECT_TRUE(runs());
  EXPECT_THAT(node.section("app").message, HasSubstr("hf.default.web.app"));
  EXPECT_NE(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EnginePod, OneThatAnotherAgentMadeOtherwiseIsLeftAlone) {
  start(web());
  auto spec = *node.containers.spec_of(kWeb);
  spec.labels[pod_labels::kMark] = "1 not ours";
  spec.labels[pod_labels::kDigest] = base::Digest::of("another").hex();
  node.containers.remove_by_hand(kWeb);
  node.containers.create_by_hand(spec);
  node.containers.start_by_hand(kWeb);
  const auto before = id();
  node.pass(10min);
  EXPECT_EQ(id(), before);
  EXPECT_TRUE(runs());
  EXPECT_THAT(node.last_event("RepairFailed"), HasSubstr("remove or rename it"));
  EXPECT_EQ(node.count_events("RepairFailed"), 1U);
  EXPECT_THAT(node.resource("Pod/web").message, HasSubstr("was not made by this node"));
}

TEST_F(EnginePod, AProgramThatCannotBeStartedIsSaidAndTriedAgain) {
  node.containers.set_program(kWeb, {.start_error = base::Error(base::Code::kIo, "exec: /no: no such file")});
  start(web());
  EXPECT_EQ(node.resource("Pod/web").reason, "StartFailed");
  EXPECT_THAT(node.resource("Pod/web").message, HasSubstr("/no: no such file"));
  node.containers.set_program(kWeb, {});
  node.pass(15s);
  EXPECT_TRUE(runs());
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EnginePod, WantedAgainWhileItIsBeingStoppedItIsMadeAnew) {
  node.containers.set_program(kWeb, {.stop_takes = 20s, .stop_exit_code = 0});
  start(web("", R"("restartPolicy":"Never")"));
  const auto before = id();
  start(web(R"("args":["--new"])", R"("restartPolicy":"Never")"));
  start(web("", R"("restartPolicy":"Never")"));
  node.pass(25s);
  EXPECT_TRUE(runs());
  EXPECT_NE(id(), before);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

// ---- an engine in trouble ----

TEST_F(EnginePod, WithoutAnEngineTheSectionIsUnschedulable) {
  node.has_containers = false;
  ASSERT_TRUE(node.restart());
  start(web());
  EXPECT_EQ(node.section("app").phase, SectionPhase::kUnschedulable);
  EXPECT_THAT(node.section("app").message, HasSubstr("without a container engine"));
}

TEST_F(EnginePod, AnEngineThatIsNotThereIsWaitedFor) {
  node.containers.set_gone(true);
  node.desire({web()});
  node.pass(1h);
  EXPECT_NE(node.section("app").phase, SectionPhase::kQuarantined) << "no revision is to blame";
  node.containers.set_gone(false);
  node.pass(4min);
  EXPECT_TRUE(runs());
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EnginePod, AnEngineThatGoesAndComesBackCostsNoContainerAnything) {
  start(web());
  const auto before = id();
  node.forget_touched();
  node.containers.set_gone(true);
  node.pass(10min);
  EXPECT_EQ(node.resource("Pod/web").reason, "EngineDown");
  EXPECT_EQ(node.resource("Pod/web").health, Health::kUnknown);
  node.containers.set_gone(false);
  node.pass(1min);
  EXPECT_EQ(node.resource("Pod/web").reason, "");
  EXPECT_EQ(node.resource("Pod/web").health, Health::kHealthy);
  EXPECT_EQ(id(), before);
  EXPECT_THAT(changes(), IsEmpty());
  EXPECT_LT(node.containers.touched().watches, 60U) << "it is asked again with backoff";
}

TEST_F(EnginePod, AnEngineThatRestartsIsNoTrouble) {
  start(web());
  node.containers.end_events();
  node.run();
  EXPECT_EQ(node.resource("Pod/web").reason, "");
  node.containers.exit_by_hand(kWeb, 1);
  node.run();
  EXPECT_TRUE(runs());
}

TEST_F(EnginePod, WhatEndedWhileTheEngineWasAwayIsStartedWhenItIsBack) {
  start(web());
  node.containers.set_gone(true);
  node.pass(10s);
  node.containers.exit_by_hand(kWeb, 1);
  node.containers.set_gone(false);
  node.pass(1min);
  EXPECT_TRUE(runs());
}

TEST_F(EnginePod, AHungEngineHoldsUpNothingElse) {
  start(web().file("a", "/a", "x"));
  node.containers.set_hung(true);
  node.containers.exit_by_hand(kWeb, 1);
  node.host.edit_by_hand("/a", "drift");
  node.pass(10s);
  EXPECT_EQ(node.content("/a"), "x");
  node.pass(10min);
  node.containers.set_hung(false);
  node.pass(2min);
  EXPECT_TRUE(runs());
  EXPECT_EQ(node.resource("Pod/web").health, Health::kHealthy);
}

TEST_F(EnginePod, AnEngineThatHangsWhileNothingIsAskedOfItIsFoundOutAndTold) {
  start(web());
  const auto before = id();
  node.containers.set_hung(true);
  node.containers.exit_by_hand(kWeb, 1);
  node.pass(base::limits::kEngineSilenceMax + base::limits::kFullPassInterval +
            2 * base::limits::kEngineAskTimeout);
  EXPECT_EQ(node.resource("Pod/web").reason, "EngineDown");
  EXPECT_EQ(node.count_events("EngineDown"), 1U);
  node.containers.set_hung(false);
  node.pass(1min);
  EXPECT_TRUE(runs());
  EXPECT_EQ(id(), before);
  EXPECT_EQ(node.resource("Pod/web").health, Health::kHealthy);
}

TEST_F(EnginePod, ALostAnswerOfACreateMakesNoSecondOne) {
  node.containers.set_lost_answer(EngineCall::kCreate, base::Error(base::Code::kTimeout, "create: lost"));
  node.desire({web()});
  node.pass(1s);
  node.containers.set_lost_answer(EngineCall::kCreate, std::nullopt);
  node.pass(1min);
  EXPECT_TRUE(runs());
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  const auto all = changes();
  EXPECT_EQ(std::ranges::count(all, "create hf.default.web.app"), 1);
}

TEST_F(EnginePod, FiftyPodsAreFiftyContainersAndOneStream) {
  FakeApp app("app");
  for (int i = 0; i < 50; ++i)
    app.pod("p" + std::to_string(i),
            R"({"containers":[{"name":"app","image":"registry.example.com/web:1"}]})");
  start(app);
  node.pass(5s);
  EXPECT_EQ(node.containers.running().size(), 50U);
  EXPECT_EQ(node.containers.streams(), 1U);
  node.forget_touched();
  const auto pings = node.containers.pings();
  node.pass(1h);
  EXPECT_EQ(node.containers.touched(), base::EngineTouched{});
  EXPECT_EQ(node.containers.pings() - pings, 1h / base::limits::kFullPassInterval) << "for all of them one";
}

TEST_F(EnginePod, WhatEndsWhileTheStreamIsOpenedAnewIsNotMissed) {
  start(web());
  node.containers.end_events();
  node.containers.exit_by_hand(kWeb, 1);
  node.pass(2s);
  EXPECT_TRUE(runs());
}

TEST_F(EnginePod, AnEngineThatNeverAnswersIsAConditionOfTheNodeToldOnce) {
  start(web());
  node.containers.set_failure(EngineCall::kList,
                              base::Error(base::Code::kTimeout, "list containers: no answer"));
  node.containers.end_events();
  node.pass(10min);
  const auto& conditions = node.engine().snapshot().conditions;
  EXPECT_TRUE(std::ranges::any_of(
      conditions, [](const auto& one) { return one.type == "EngineDown" && one.status == "True"; }));
  EXPECT_EQ(node.count_events("EngineDown"), 1U);
  EXPECT_EQ(node.resource("Pod/web").reason, "EngineDown");
  node.containers.set_failure(EngineCall::kList, std::nullopt);
  node.pass(3min);
  EXPECT_EQ(node.count_events("EngineReady"), 1U);
  EXPECT_EQ(node.resource("Pod/web").health, Health::kHealthy);
}

TEST_F(EnginePod, OneContainerThatCannotBeInspectedHoldsUpNoOther) {
  start(web());
  node.containers.set_failure(EngineCall::kInspect, base::Error(base::Code::kIo, "inspect: damaged"));
  node.containers.exit_by_hand(kWeb, 1);
  node.run();
  node.containers.set_failure(EngineCall::kInspect, std::nullopt);
  EXPECT_EQ(node.containers.touched().lists, 1U) << "it is not the engine's trouble";
  node.pass(40s);
  EXPECT_TRUE(runs());
}

/// Simulator, seed 29 with --workloads: it was stopped again and again, at once.
TEST_F(EnginePod, OneThatCannotBeInspectedAfterItsStopIsNotStoppedWithoutEnd) {
  start(web());
  node.forget_touched();
  node.containers.set_failure(EngineCall::kInspect, base::Error(base::Code::kIo, "inspect: damaged"));
  node.desire({web(R"("args":["--new"])")});
  node.pass(1min);
  EXPECT_EQ(node.containers.touched().stops, 1U);
  node.containers.set_failure(EngineCall::kInspect, std::nullopt);
  node.pass(2min);
  EXPECT_TRUE(runs());
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.containers.touched().stops, 1U);
}

TEST_F(EnginePod, OneThatCannotBeInspectedAfterItsStartIsNotStartedWithoutEnd) {
  start(web());
  node.containers.exit_by_hand(kWeb, 1);
  node.run();
  node.forget_touched();
  node.containers.set_failure(EngineCall::kInspect, base::Error(base::Code::kIo, "inspect: damaged"));
  node.pass(5min);
  EXPECT_LE(node.containers.touched().starts, 1U);
  node.containers.set_failure(EngineCall::kInspect, std::nullopt);
  node.pass(2min);
  EXPECT_TRUE(runs());
  EXPECT_EQ(node.resource("Pod/web").health, Health::kHealthy);
}

TEST_F(EnginePod, AnAgentThatStartsWhileAPodEndsSaysNothingOfIt) {
  node.containers.set_program(kWeb, {.stop_takes = 20s});
  start(web().file("a", "/a", "x"));
  start(FakeApp("app").file("a", "/a", "x"));
  ASSERT_TRUE(node.restart());
  node.pass(40s);
  EXPECT_EQ(node.count_events("PruneFailed"), 0U);
  EXPECT_EQ(node.count_events("Failed"), 0U);
  EXPECT_EQ(node.containers.container(kWeb), nullptr);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

/// Simulator, seed 2230: it was asked for again without end.
TEST_F(EnginePod, WhatCannotBeRemovedForAnotherIsTriedAgainAfterAWhile) {
  start(web());
  node.containers.set_failure(EngineCall::kRemove, base::Error(base::Code::kIo, "device is busy"));
  node.forget_touched();
  start(web(R"("args":["--new"])"));
  EXPECT_LE(node.containers.touched().removes, 3U);
  node.containers.set_failure(EngineCall::kRemove, std::nullopt);
  node.pass(10min);
  EXPECT_TRUE(runs());
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EnginePod, AContainerOfACommittedImageIsNoneOfThePod) {
  start(web());
  auto spec = *node.containers.spec_of(kWeb);
  spec.name = ContainerName("a-copy");
  node.containers.create_by_hand(spec);
  node.pass(10min);
  node.containers.exit_by_hand(kWeb, 1);
  node.settle();
  EXPECT_TRUE(runs());
  EXPECT_EQ(node.resource("Pod/web").health, Health::kHealthy);
  EXPECT_NE(node.containers.container(ContainerName("a-copy")), nullptr);
}

TEST_F(EnginePod, AnotherGraceIsInForceWhenItIsRemoved) {
  start(web("", R"("terminationGracePeriodSeconds":5)").file("a", "/a", "x"));
  start(web("", R"("terminationGracePeriodSeconds":60)").file("a", "/a", "x"));
  EXPECT_EQ(node.containers.spec_of(kWeb)->labels.at(pod_labels::kGrace), "60");
}

TEST_F(EnginePod, APortThatMovedToOneThatIsHeldSaysSo) {
  FakeApp other("other");
  other.pod("holder", R"({"containers":[{"name":"app","image":"registry.example.com/web:1",
                          "ports":[{"containerPort":80,"hostPort":8081}]}]})");
  node.desire({web(R"("ports":[{"containerPort":80,"hostPort":8080}])"), other});
  node.settle();
  node.desire({web(R"("ports":[{"containerPort":80,"hostPort":8081}])"), other});
  node.pass(5min);
  EXPECT_TRUE(runs());
  EXPECT_NE(node.section("app").message, "");
  EXPECT_EQ(node.section("app").health, Health::kDegraded);
}

TEST_F(EnginePod, ALongNameIsCutToWhatAHostMayBeCalled) {
  FakeApp app("app");
  const std::string name = std::string(62, 'a') + "-" + std::string(10, 'b');
  app.pod(name, R"({"containers":[{"name":"app","image":"registry.example.com/web:1"}]})");
  start(app);
  EXPECT_EQ(node.containers.spec_of(ContainerName("hf.default." + name + ".app"))->hostname,
            std::string(62, 'a'));
}

// ---- what it becomes at the engine ----

TEST_F(EnginePod, ItsSpecIsWhatTheManifestSays) {
  start(web(
      R"json("command":["/bin/sh","-c"],"args":["echo $(WHO)"],"workingDir":"/w","env":[{"name":"WHO","value":"me"}],
         "ports":[{"containerPort":80,"hostPort":8080}],
         "resources":{"limits":{"memory":"64Mi","cpu":"500m"},"requests":{"memory":"32Mi"}},
         "securityContext":{"runAsUser":7,"runAsGroup":8,"readOnlyRootFilesystem":true,"allowPrivilegeEscalation":false,
                            "capabilities":{"add":["NET_ADMIN"],"drop":["ALL"]}})json",
      R"("terminationGracePeriodSeconds":9,"hostAliases":[{"ip":"10.0.0.1","hostnames":["db"]}])"));
  const auto* spec = node.containers.spec_of(kWeb);
  ASSERT_NE(spec, nullptr);
  EXPECT_THAT(*spec->entrypoint, ElementsAre("/bin/sh", "-c"));
  EXPECT_THAT(*spec->arguments, ElementsAre("echo me"));
  EXPECT_EQ(spec->working_dir, "/w");
  EXPECT_EQ(spec->env.front(), (std::pair<std::string, std::string>{"WHO", "me"}));
  EXPECT_EQ(spec->ports.front().host_port, 8080);
  EXPECT_EQ(spec->memory_bytes_max, 64U << 20U);
  EXPECT_EQ(spec->memory_bytes_low, 32U << 20U);
  EXPECT_EQ(spec->cpu_milli_max, 500U);
  EXPECT_EQ(spec->user, "7:8");
  EXPECT_TRUE(spec->read_only_root && spec->no_new_privileges);
  EXPECT_THAT(spec->capabilities_drop, ElementsAre("ALL"));
  EXPECT_EQ(spec->stop_timeout, 9s);
  EXPECT_EQ(spec->hostname, "web");
  EXPECT_EQ(spec->extra_hosts.front(), (std::pair<std::string, std::string>{"db", "10.0.0.1"}));
  EXPECT_EQ(spec->labels.at(pod_labels::kPorts), "tcp/8080");
}

TEST_F(EnginePod, APortOfTheNodeIsFreeOnceItsPodIsGone) {
  start(web(R"("ports":[{"containerPort":80,"hostPort":8080}])"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  start(web(R"("ports":[{"containerPort":80,"hostPort":8081}])"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.containers.spec_of(kWeb)->ports.front().host_port, 8081);
  start(FakeApp("app").file("a", "/a", "x"));
  EXPECT_EQ(node.containers.container(kWeb), nullptr);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

}  // namespace
}  // namespace holdfast::edge_agent
