// SPDX-License-Identifier: Apache-2.0
// `nvidia.com/gpu` on the node: who gets a GPU, who waits for one, and what is said where there is none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits/agent.hpp"
#include "edge_agent/fake_boards.hpp"
#include "edge_agent/fake_node.hpp"
#include "edge_agent/pod_labels.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using base::ContainerName;
using sync::Health;
using sync::SectionPhase;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kImage = "registry.example.com/detect:1";
const base::EngineAbilities kDocker{
    .gives_devices = true, .knows_cdi = false, .runtimes = {"nvidia", "runc"}};

std::string pod_spec(int gpus, const std::string& more = "") {
  return std::string(R"({"containers":[{"name":"app","image":")") + kImage +
         R"(","resources":{"limits":{"nvidia.com/gpu":)" + std::to_string(gpus) + "}}" + more + "}]}";
}
std::string template_spec(int gpus, const std::string& policy = "Always", const std::string& more = "") {
  auto spec = pod_spec(gpus, more);
  spec.insert(1, R"("restartPolicy":")" + policy + R"(",)");
  return R"("template":{"metadata":{"labels":{"a":"b"}},"spec":)" + spec + "}";
}

FakeApp app(const std::string& name) {
  FakeApp out(name);
  out.policy.progress_deadline = 60s;
  return out;
}
FakeApp detector(const std::string& name, int gpus = 1, const std::string& more = "") {
  return app(name).pod(name, pod_spec(gpus, more));
}

class EngineGpu : public ::testing::Test {
 protected:
  EngineGpu() {
    node.have_image(kImage);
    node.containers.set_abilities(kDocker);
  }
  void has(const BoardFiles& files) {
    const FakeBoard board(testing::TempDir(), files);
    node.gpus = gpu_offer(MachineTree(board.root()));
  }
  void start(const std::vector<FakeApp>& apps) {
    node.desire(apps);
    node.settle();
  }
  const base::ContainerSpec* spec(const std::string& pod) const {
    return node.containers.spec_of(ContainerName("hf.default." + pod + ".app"));
  }
  std::string which(const std::string& pod) const {
    const auto* of = spec(pod);
    const auto label = of == nullptr ? std::map<std::string, std::string>::const_iterator{}
                                     : of->labels.find(pod_labels::kGpus);
    return of == nullptr || label == of->labels.end() ? "" : label->second;
  }
  std::string why(const std::string& brief) {
    const auto found = node.engine().why(brief);
    return found && !found->empty() ? found->front().blocked_by : "";
  }
  void expect_unschedulable(const std::string& application, const std::string& message) {
    const auto section = node.section(application);
    EXPECT_EQ(section.phase, SectionPhase::kUnschedulable);
    EXPECT_EQ(section.reason, "Unschedulable");
    EXPECT_THAT(section.message, HasSubstr(message));
    EXPECT_THAT(node.last_event("Unschedulable"), HasSubstr(message));
  }

  FakeNode node;
};

TEST_F(EngineGpu, OnAJetsonAPodHasItByTheRuntime) {
  for (const auto& board : {jetson_agx_orin(), jetson_agx_xavier()}) {
    has(board);
    start({detector("eye")});
    ASSERT_NE(spec("eye"), nullptr);
    EXPECT_EQ(spec("eye")->runtime, "nvidia");
    EXPECT_EQ(which("eye"), "0");
    EXPECT_EQ(node.resource("Pod/eye").health, Health::kHealthy);
  }
}

TEST_F(EngineGpu, ByCdiWhereMachineAndEngineHaveIt) {
  auto board = x86_with_nvidia_cards(2);
  board.emplace_back("/etc/cdi/nvidia.yaml",
                     "devices:\n- name: \"0\"\n- name: \"1\"\nkind: nvidia.com/gpu\n");
  has(board);
  node.containers.set_abilities({.gives_devices = true, .knows_cdi = true, .runtimes = {"runc"}});
  start({detector("eye", 2)});
  ASSERT_NE(spec("eye"), nullptr);
  ASSERT_EQ(spec("eye")->device_requests.size(), 1U);
  EXPECT_THAT(spec("eye")->device_requests[0].ids, ElementsAre("nvidia.com/gpu=0", "nvidia.com/gpu=1"));
}

TEST_F(EngineGpu, EachPodHasACardOfItsOwn) {
  has(x86_with_nvidia_cards(2));
  start({detector("left"), detector("right")});
  EXPECT_EQ(which("left"), "0");
  EXPECT_EQ(which("right"), "1");
  EXPECT_THAT(spec("right")->device_requests.at(0).ids, ElementsAre("1"));
  node.forget_touched();
  ASSERT_TRUE(node.restart());
  node.settle();
  EXPECT_THAT(node.containers.changes(), IsEmpty()) << "an agent that begins again reads the labels";
}

TEST_F(EngineGpu, ANodeWithoutOneIsUnschedulableAndNothingIsTouched) {
  for (const auto& board : {raspberry_pi_4(), x86_gateway()}) {
    has(board);
    start({detector("eye").file("motd", "/etc/motd", "hello")});
    expect_unschedulable("eye", "Pod/eye: nvidia.com/gpu: 1 is asked for, and this node has no GPU");
    EXPECT_THAT(why("Pod/eye"), HasSubstr("this node has no GPU"));
    EXPECT_EQ(node.content("/etc/motd"), std::nullopt);
    EXPECT_THAT(node.containers.changes(), IsEmpty());
  }
}

TEST_F(EngineGpu, MoreThanThereAreIsUnschedulable) {
  has(jetson_agx_orin());
  start({detector("eye", 2)});
  expect_unschedulable("eye", "2 are asked for at a time, and this node has 1");
  start({app("both").pod("a", pod_spec(1)).pod("b", pod_spec(1))});
  expect_unschedulable("both", "Pod/a, Pod/b: nvidia.com/gpu: 2 are asked for at a time");
}

TEST_F(EngineGpu, WhoComesLaterIsUnschedulableUntilItIsFree) {
  has(jetson_agx_orin());
  start({detector("zebra")});
  start({detector("zebra"), detector("ant")});
  expect_unschedulable("ant", "of the 1 of this node application zebra has 1");
  EXPECT_THAT(why("Pod/ant"), HasSubstr("application zebra has 1"));
  EXPECT_EQ(node.resource("Pod/zebra").health, Health::kHealthy);

  ASSERT_TRUE(node.restart());
  node.settle();
  EXPECT_EQ(node.section("ant").phase, SectionPhase::kUnschedulable)
      << "who has it has it after a restart, too";
  EXPECT_EQ(node.section("zebra").phase, SectionPhase::kSynced);

  const auto zebra = detector("zebra");
  node.desire({detector("ant")}, {removal_of(zebra, sync::RemovalMode::kPrune)});
  node.pass(10s);
  EXPECT_EQ(node.section("ant").phase, SectionPhase::kSynced);
  EXPECT_EQ(which("ant"), "0");
  EXPECT_EQ(spec("zebra"), nullptr);
}

TEST_F(EngineGpu, ItsNextRevisionTakesOverWhatItHas) {
  has(jetson_agx_orin());
  const auto deployment = [](const std::string& more) {
    return app("eye").workload(
        "Deployment", "eye",
        R"({"selector":{"matchLabels":{"a":"b"}},)" + template_spec(1, "Always", more) + "}");
  };
  start({deployment("")});
  EXPECT_EQ(which("eye-0"), "0");
  node.desire({deployment(R"(,"args":["--fast"])")});
  node.pass(30s);
  EXPECT_EQ(node.section("eye").phase, SectionPhase::kSynced);
  ASSERT_NE(spec("eye-0"), nullptr);
  EXPECT_EQ(spec("eye-0")->arguments, std::vector<std::string>{"--fast"});
}

TEST_F(EngineGpu, AJobThatIsOverHasGivenItBack) {
  has(jetson_agx_orin());
  node.containers.set_program(ContainerName("hf.default.train.app"), {.exits_with = 0, .exits_after = 1s});
  const auto train = app("train").workload("Job", "train", "{" + template_spec(1, "Never") + "}");
  start({train});
  node.pass(5s);
  ASSERT_EQ(node.resource("Job/train").health, Health::kHealthy);
  EXPECT_EQ(which("train"), "0 until-ended");
  start({train, detector("eye")});
  EXPECT_EQ(node.section("eye").phase, SectionPhase::kSynced);
  EXPECT_EQ(which("eye"), "0");
}

/// It is started again after a while, with the GPU that it was made with.
TEST_F(EngineGpu, AJobThatWaitsToBeStartedAgainHasItStill) {
  has(jetson_agx_orin());
  const ContainerName train("hf.default.train.app");
  node.containers.set_program(train, {.exits_with = 1, .exits_after = 1s});
  const auto job =
      app("train").workload("Job", "train", "{" + template_spec(1, "OnFailure") + R"(,"backoffLimit":6})");
  start({job});
  node.pass(2s);
  ASSERT_THAT(node.containers.running(), IsEmpty());
  EXPECT_EQ(which("train"), "0 until-done");
  start({job, detector("eye")});
  EXPECT_EQ(spec("eye"), nullptr);
  EXPECT_THAT(node.resource("Pod/eye").message + node.section("eye").message,
              HasSubstr("hf.default.train.app has 0"));

  node.containers.set_program(train, {.exits_with = 0, .exits_after = 1s});
  node.pass(3min);
  ASSERT_EQ(node.resource("Job/train").health, Health::kHealthy);
  EXPECT_EQ(which("eye"), "0") << "it ended well";
}

/// As it is not the program that ended it, a good exit code does not say that it is done.
TEST_F(EngineGpu, AJobThatALivenessProbeEndedHasItStill) {
  has(jetson_agx_orin());
  const ContainerName train("hf.default.train.app");
  node.containers.set_program(train, {.stop_exit_code = 0});
  node.containers.set_exec("/usr/bin/alive", {.exit_code = 1});
  const auto job = app("train").workload(
      "Job", "train",
      "{" +
          template_spec(
              1, "OnFailure",
              R"(,"livenessProbe":{"exec":{"command":["/usr/bin/alive"]},"periodSeconds":1,"failureThreshold":1})") +
          "}");
  start({job});
  const auto runs = [&] { return !node.containers.running().empty(); };
  // The first restart comes at once.
  for (int i = 0; i < 2000 && (runs() || node.containers.touched().starts < 2); ++i) node.pass(100ms);
  ASSERT_FALSE(runs()) << "it waits for its backoff";
  start({job, detector("eye")});
  EXPECT_FALSE(runs());
  EXPECT_EQ(spec("eye"), nullptr);
}

TEST_F(EngineGpu, WhatIsLeavingIsWaitedFor) {
  has(jetson_agx_orin());
  node.containers.set_program(ContainerName("hf.default.old.app"), {.stop_takes = 8s});
  const auto old = detector("old");
  start({old});
  node.desire({detector("eye")}, {removal_of(old, sync::RemovalMode::kPrune)});
  node.pass(2s);
  EXPECT_EQ(node.resource("Pod/eye").reason, "WaitsForGpu");
  EXPECT_THAT(node.resource("Pod/eye").message, HasSubstr("hf.default.old.app has 0"));
  node.pass(15s);
  EXPECT_EQ(node.resource("Pod/eye").health, Health::kHealthy);
}

TEST_F(EngineGpu, AnEngineThatGivesNoneIsUnschedulableAndTheOldOneRunsOn) {
  has(jetson_agx_orin());
  start({app("eye").pod("eye", pod_spec(0))});
  node.forget_touched();
  node.containers.set_abilities({});
  start({detector("eye")});
  expect_unschedulable("eye", "the container engine is podman");
  EXPECT_THAT(node.containers.changes(), IsEmpty());
  EXPECT_THAT(node.containers.running(), ElementsAre("hf.default.eye.app"));
  node.forget_touched();
  node.pass(10min);
  EXPECT_THAT(node.containers.changes(), IsEmpty());
}

/// Part of it is on the host already: what was good comes back, whichever agent looks.
TEST_F(EngineGpu, AnEngineThatGivesNoneAnyMoreInTheMiddleIsAFailureForTheNextAgentToo) {
  has(jetson_agx_orin());
  FakeMeta later;
  later.wave = 1;
  const auto version = [&](const std::string& content, int gpus) {
    return app("eye").file("motd", "/etc/motd", content).pod("eye", pod_spec(gpus), later);
  };
  start({version("1", 0)});
  ASSERT_EQ(node.section("eye").phase, SectionPhase::kSynced);
  // The walk waits between its waves.
  node.host.set_probe("process:default/slow#readiness", {.ok = false, .detail = "no"});
  FakeMeta between;
  between.wave = 0;
  node.desire({version("2", 1).process_spec(
      "slow", R"({"command":["/usr/bin/slow"],"readinessProbe":{"exec":{"command":["/usr/bin/no"]}}})",
      between)});
  node.settle();
  ASSERT_EQ(node.content("/etc/motd"), "2");
  node.kill();
  node.containers.set_abilities({});
  ASSERT_TRUE(node.boot());
  node.pass(2min);
  EXPECT_EQ(node.section("eye").phase, SectionPhase::kQuarantined);
  EXPECT_THAT(node.section("eye").message, HasSubstr("the container engine is podman"));
  EXPECT_EQ(node.content("/etc/motd"), "1");
  EXPECT_FALSE(node.runs("slow"));
  EXPECT_THAT(node.containers.running(), ElementsAre("hf.default.eye.app"));
  EXPECT_EQ(node.count_events("Unschedulable"), 0U);
}

/// One that gives way for another reason frees nothing that another waits for: they would be found unable in turn, without end.
TEST_F(EngineGpu, TwoThatAnEngineGivesNoneAreUnschedulableOnceEach) {
  has(jetson_agx_orin());
  start({app("eye").pod("eye", pod_spec(0)), app("ant").pod("ant", pod_spec(0))});
  node.containers.set_abilities({});
  start({detector("eye"), detector("ant")});
  const auto told = node.count_events("Unschedulable");
  const auto commits = node.store.commits();
  node.pass(1h);
  EXPECT_EQ(node.section("eye").phase, SectionPhase::kUnschedulable);
  EXPECT_EQ(node.section("ant").phase, SectionPhase::kUnschedulable);
  EXPECT_LE(node.count_events("Unschedulable"), told + 2);
  EXPECT_LE(node.store.commits(), commits + 4);
}

TEST_F(EngineGpu, AfterABootItIsStartedThoughTheDriverTellsOfItLate) {
  has(jetson_agx_orin());
  start({detector("eye")});
  node.gpus = {};
  node.reboot();
  node.settle();
  EXPECT_EQ(node.section("eye").phase, SectionPhase::kSynced);
  EXPECT_THAT(node.containers.running(), ElementsAre("hf.default.eye.app"));

  // And if it has to be made anew, it waits for the driver.
  node.containers.remove_by_hand(ContainerName("hf.default.eye.app"));
  node.pass(10s);
  EXPECT_EQ(spec("eye"), nullptr);
  has(jetson_agx_orin());
  node.pass(2 * base::limits::kGpuLookInterval);
  EXPECT_EQ(which("eye"), "0");
}

TEST_F(EngineGpu, AnApplicationThatCameBeforeTheDriverIsMadeWhenThereIsOne) {
  start({detector("eye")});
  expect_unschedulable("eye", "no GPU");
  has(jetson_agx_orin());
  node.pass(base::limits::kFullPassInterval + 1min);
  EXPECT_EQ(node.section("eye").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.count_events("Unschedulable"), 1U);
}

TEST_F(EngineGpu, WhatAnEngineDidNotGiveIsMadeWhenItIsMendedAndIsAskedForCheaplyUntilThen) {
  has(jetson_agx_orin());
  node.containers.set_abilities({});
  start({detector("eye"), detector("ant")});
  expect_unschedulable("ant", "the container engine is podman");
  const auto told = node.count_events("Unschedulable");
  const auto commits = node.store.commits();
  node.forget_touched();
  node.pass(base::limits::kFullPassInterval * 3);
  EXPECT_EQ(node.count_events("Unschedulable"), told);
  EXPECT_LE(node.containers.touched().others, 3U);
  EXPECT_EQ(node.containers.touched().changes(), 0U);
  EXPECT_LE(node.store.commits(), commits + 1);

  node.containers.set_abilities(kDocker);
  node.pass(base::limits::kFullPassInterval + 1min);
  EXPECT_EQ(which("eye").size() + which("ant").size(), 1U) << "one of the two, for there is one GPU";
  const std::string eye = node.section("eye").phase == SectionPhase::kSynced ? "eye" : "ant";
  EXPECT_EQ(node.section(eye).phase, SectionPhase::kSynced);
}

TEST_F(EngineGpu, WhenNothingChangedNothingIsDone) {
  has(jetson_agx_orin());
  start({detector("eye"), detector("later")});
  node.forget_touched();
  node.pass(30min);
  EXPECT_EQ(node.containers.touched(), base::EngineTouched{});
}

}  // namespace
}  // namespace holdfast::edge_agent
