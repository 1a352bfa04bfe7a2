// SPDX-License-Identifier: Apache-2.0
// Pods of several containers on a fake container engine: one network, init containers in order, sidecars, and how all of it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "edge_agent/fake_node.hpp"
#include "edge_agent/network_image.hpp"
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
using ::testing::Not;
using ::testing::StartsWith;
namespace fs = std::filesystem;

constexpr const char* kImage = "registry.example.com/web:1";
constexpr const char* kShim = "not really a program";

ContainerName name(const std::string& container) { return ContainerName("hf.default.web." + container); }
const ContainerName kApp = name("app");
const ContainerName kNetwork = name("_network");

std::string container(const std::string& name, const std::string& more = "") {
  return R"({"name":")" + name + R"(","image":")" + kImage + "\"" + more + "}";
}
std::string sidecar(const std::string& name, const std::string& more = "") {
  return container(name, R"(,"restartPolicy":"Always")" + more);
}
/// Containers app and log behind these init containers.
std::string several(const std::string& init, const std::string& more = "") {
  return R"({"initContainers":[)" + init + R"(],"containers":[)" + container("app") + "," + container("log") +
         "]" + more + "}";
}

class PodOfSeveral : public ::testing::Test {
 protected:
  PodOfSeveral() {
    folder_ =
        testing::TempDir() + "pod-several-" + std::to_string(::getpid()) + "-" + std::to_string(++count_);
    fs::create_directories(folder_ + "/host");
    std::ofstream(folder_ + "/shim") << kShim;
    node.have_image(kImage);
    base::ImageInfo shim;
    shim.id = base::ImageId("sha256:" + base::Digest::of("shim").hex());
    shim.tags = {network_image_name(kShim)};
    node.containers.know_archive(network_archive(kShim, network_image_name(kShim)), shim);
    node.pod_places = {.disk = folder_ + "/disk",
                       .memory = folder_ + "/memory",
                       .shim = folder_ + "/shim",
                       .root = folder_ + "/host"};
    EXPECT_TRUE(node.restart());
  }
  ~PodOfSeveral() override { fs::remove_all(folder_); }

  static FakeApp app() {
    FakeApp out("app");
    out.policy.progress_deadline = 60s;
    return out;
  }
  void start(const FakeApp& app) {
    node.desire({app});
    node.settle();
  }
  void start(const std::string& spec) { start(app().pod("web", spec)); }
  /// Nothing of the pod is wanted any more.
  void take_out() { start(app().file("a", "/a", "x")); }
  void ends(const std::string& container, std::int64_t code, std::chrono::milliseconds after = 5ms) {
    node.containers.set_program(name(container), {.exits_with = code, .exits_after = after});
  }
  bool runs(const std::string& container) {
    return node.containers.running().contains(name(container).str());
  }
  std::string reason() { return node.resource("Pod/web").reason; }
  std::string message() { return node.resource("Pod/web").message; }
  /// "start app" of "start hf.default.web.app"
  std::vector<std::string> changes() {
    auto out = node.containers.changes();
    for (auto& change : out) {
      const auto at = change.find("hf.default.web.");
      if (at != std::string::npos) change.erase(at, std::string("hf.default.web.").size());
    }
    return out;
  }
  bool nothing_is_there() {
    for (const char* one : {"_network", "one", "two", "side", "last", "app", "log"}) {
      if (node.containers.container(name(one)) != nullptr) return false;
    }
    return true;
  }

  FakeNode node;
  std::string folder_;
  static inline int count_ = 0;
};

// ---- one network ----

TEST_F(PodOfSeveral, SharesANetworkThatOneOwns) {
  start(R"({"containers":[)" + container("app", R"(,"ports":[{"containerPort":80,"hostPort":8080}])") + "," +
        container("log", R"(,"ports":[{"containerPort":81,"hostPort":8081}])") + "]}");
  const auto* owner = node.containers.container(kNetwork);
  ASSERT_NE(owner, nullptr) << node.section("app").message;
  const auto* spec = node.containers.spec_of(kNetwork);
  EXPECT_EQ(node.containers.spec_of(kApp)->shared_with, owner->id);
  EXPECT_TRUE(node.containers.spec_of(kApp)->ports.empty());
  ASSERT_EQ(spec->ports.size(), 2U);
  EXPECT_EQ(spec->ports.front().host_port, 8080);
  EXPECT_EQ(spec->labels.at(pod_labels::kPorts), "tcp/8080,tcp/8081") << "held until the network is gone";
  EXPECT_EQ(spec->hostname, "web");
  EXPECT_EQ(node.containers.running().size(), 3U);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.containers.touched().image_loads, 1U);
}

TEST_F(PodOfSeveral, OfTheNodesNetworkHasNoOwner) {
  start(several(container("one"), R"(,"hostNetwork":true)"));
  EXPECT_EQ(node.containers.container(kNetwork), nullptr);
  EXPECT_TRUE(runs("one"));
  node.containers.exit_by_hand(name("one"), 0);
  node.settle();
  EXPECT_TRUE(runs("app") && runs("log"));
  take_out();
  EXPECT_TRUE(nothing_is_there());
}

TEST_F(PodOfSeveral, OneOfThemAloneIsStartedAgain) {
  start(several(sidecar("side")));
  node.pass(5s);
  node.forget_touched();
  node.containers.exit_by_hand(kApp, 1);
  node.settle();
  EXPECT_THAT(changes(), ElementsAre("start app"));
  node.containers.exit_by_hand(name("side"), 0);
  node.settle();
  EXPECT_THAT(changes(), ElementsAre("start app", "start side"));
}

TEST_F(PodOfSeveral, AnotherImageOfOneIsAnotherPod) {
  start(several(container("one")));
  node.containers.exit_by_hand(name("one"), 0);
  node.settle();
  const auto log = node.containers.container(name("log"))->id;
  start(several(container("one", R"(,"args":["new"])")));
  EXPECT_EQ(node.containers.container(name("log"))->phase, base::ContainerPhase::kCreated)
      << "its init container runs first";
  EXPECT_NE(node.containers.container(name("log"))->id, log);
  node.containers.exit_by_hand(name("one"), 0);
  node.settle();
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(PodOfSeveral, ThatBecomesOneKeepsNothingOfTheOthers) {
  start(several(sidecar("side")));
  auto one = app().pod("web", R"({"containers":[)" + container("app") + "]}");
  start(one);
  node.settle();
  EXPECT_TRUE(runs("app"));
  EXPECT_EQ(node.containers.container(kNetwork), nullptr);
  EXPECT_EQ(node.containers.container(name("side")), nullptr);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced) << node.section("app").message;
}

// ---- init containers ----

TEST_F(PodOfSeveral, StartsItsInitContainersOneAfterTheOther) {
  ends("one", 0, 2s);
  ends("two", 0, 2s);
  start(several(container("one") + "," + container("two")));
  EXPECT_TRUE(runs("one"));
  EXPECT_FALSE(runs("two"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kApplying) << "never healthy before it is";
  EXPECT_EQ(reason(), "PodInitializing");
  EXPECT_EQ(message(), "Init:0/2: init container one runs");
  node.pass(2s);
  EXPECT_TRUE(runs("two"));
  EXPECT_FALSE(runs("app"));
  EXPECT_EQ(message(), "Init:1/2: init container two runs");
  node.pass(3s);
  EXPECT_TRUE(runs("app") && runs("log"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  node.forget_touched();
  ASSERT_TRUE(node.restart());
  node.pass(10s);
  EXPECT_THAT(node.containers.changes(), IsEmpty()) << "adopted whole";
}

TEST_F(PodOfSeveral, TriesAnInitContainerAgainUntilItEndsWell) {
  ends("one", 3);
  start(several(container("one")));
  node.pass(1s);
  EXPECT_EQ(reason(), "CrashLoopBackOff");
  EXPECT_THAT(message(), StartsWith("Init:CrashLoopBackOff: container one exited with code 3"));
  EXPECT_FALSE(runs("app"));
  ends("one", 0);
  node.pass(15s);
  EXPECT_TRUE(runs("app"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(PodOfSeveral, FailsWithAnInitContainerThatFailsForGood) {
  ends("one", 3);
  node.desire({app().pod("web", several(container("one"), R"(,"restartPolicy":"Never")"))});
  node.pass(1s);
  EXPECT_FALSE(runs("app"));
  EXPECT_FALSE(runs("_network"));
  EXPECT_EQ(reason(), "Failed");
  EXPECT_THAT(message(), StartsWith("Init:Error: container one exited with code 3"));
  EXPECT_THAT(node.section("app").message, HasSubstr("container one exited with code 3"));
}

// ---- sidecars ----

TEST_F(PodOfSeveral, WaitsForTheStartupProbeOfASidecar) {
  node.containers.set_exec("up", {.exit_code = 1});
  ends("one", 0);
  start(several(
      sidecar("side",
              R"(,"startupProbe":{"exec":{"command":["up"]},"periodSeconds":1,"failureThreshold":30})") +
      "," + container("one")));
  node.pass(3s);
  EXPECT_TRUE(runs("side"));
  EXPECT_EQ(node.containers.container(name("one"))->phase, base::ContainerPhase::kCreated);
  EXPECT_EQ(message(), "Init:0/2: sidecar side has not started yet");
  node.containers.set_exec("up", {});
  node.pass(3s);
  EXPECT_TRUE(runs("app"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(PodOfSeveral, IsReadyOnlyWithItsSidecars) {
  node.containers.set_exec("ready", {.exit_code = 1});
  start(several(sidecar("side", R"(,"readinessProbe":{"exec":{"command":["ready"]},"periodSeconds":1})")));
  EXPECT_TRUE(runs("app"));
  EXPECT_EQ(reason(), "NotReady");
  node.containers.set_exec("ready", {});
  node.pass(3s);
  EXPECT_EQ(node.resource("Pod/web").health, Health::kHealthy);
}

TEST_F(PodOfSeveral, EndsItsSidecarsAfterAllOthersTheLastFirst) {
  start(several(sidecar("side") + "," + sidecar("last")));
  node.forget_touched();
  take_out();
  node.settle();
  EXPECT_TRUE(nothing_is_there());
  const auto all = changes();
  const auto at = [&](const std::string& what) { return std::ranges::find(all, what) - all.begin(); };
  EXPECT_LT(at("stop app"), at("stop last"));
  EXPECT_LT(at("stop log"), at("stop last"));
  EXPECT_LT(at("stop last"), at("stop side"));
  EXPECT_LT(at("stop side"), at("stop _network"));
  EXPECT_LT(at("remove app"), at("remove _network"));
  EXPECT_EQ(all.back(), "remove _network");
}

TEST_F(PodOfSeveral, HasOneGraceForAll) {
  for (const char* one : {"app", "log", "side"})
    node.containers.set_program(name(one), {.ignores_term = true});
  start(several(sidecar("side"), R"(,"terminationGracePeriodSeconds":10)"));
  take_out();
  node.pass(8s);
  EXPECT_TRUE(runs("app") && runs("log") && runs("side"));
  node.pass(3s);
  EXPECT_TRUE(nothing_is_there()) << "10 s for all, and a second that is left for the sidecar";
}

TEST_F(PodOfSeveral, RunsTheHookOfASidecarWhileTheOthersEnd) {
  node.containers.set_program(kApp, {.stop_takes = 5s});
  start(several(sidecar("side", R"(,"lifecycle":{"preStop":{"exec":{"command":["drain"]}}})")));
  node.forget_touched();
  take_out();
  EXPECT_EQ(node.containers.touched().execs, 1U);
  EXPECT_TRUE(runs("side"));
  node.pass(6s);
  EXPECT_TRUE(nothing_is_there());
  EXPECT_EQ(node.containers.touched().execs, 1U) << "once";
}

TEST_F(PodOfSeveral, IsDoneWithoutItsSidecars) {
  node.containers.set_program(name("side"), {.stop_takes = 3s});
  start(several(sidecar("side"), R"(,"restartPolicy":"OnFailure")"));
  node.containers.exit_by_hand(kApp, 0);
  node.settle();
  EXPECT_TRUE(runs("side")) << "one of two still runs";
  node.containers.exit_by_hand(name("log"), 0);
  node.settle();
  EXPECT_EQ(reason(), "Completing");
  node.pass(5s);
  EXPECT_EQ(reason(), "Completed");
  EXPECT_TRUE(node.containers.running().empty());
  node.forget_touched();
  ASSERT_TRUE(node.restart());
  node.pass(1min);
  EXPECT_THAT(changes(), IsEmpty());
}

TEST_F(PodOfSeveral, AJobIsCompleteThoughItsSidecarNeverEndsByItself) {
  FakeApp job("app");
  job.workload("Job", "web",
               R"({"template":{"spec":{"restartPolicy":"Never","initContainers":[)" + sidecar("side") +
                   R"(],"containers":[)" + container("app") + "]}}}");
  start(job);
  EXPECT_TRUE(runs("side") && runs("app"));
  node.containers.exit_by_hand(kApp, 0);
  node.pass(2s);
  EXPECT_EQ(node.resource("Job/web").reason, "Completed");
  EXPECT_TRUE(node.containers.running().empty());
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(PodOfSeveral, AJobFailsByAnInitContainer) {
  ends("one", 3);
  FakeApp job("app");
  job.policy.retry.limit = 0;
  job.workload("Job", "web",
               R"({"backoffLimit":0,"template":{"spec":{"restartPolicy":"Never","initContainers":[)" +
                   container("one") + R"(],"containers":[)" + container("app") + "]}}}");
  start(job);
  node.pass(5s);
  EXPECT_THAT(node.section("app").message, HasSubstr("container one exited with code 3"));
  EXPECT_TRUE(node.containers.running().empty());
}

// ---- a network that is gone ----

TEST_F(PodOfSeveral, BeginsAnewWhenItsNetworkEnds) {
  ends("one", 0);
  start(several(container("one") + "," + sidecar("side")));
  node.pass(5s);
  node.forget_touched();
  node.containers.exit_by_hand(kNetwork, 137);
  node.pass(2s);
  const auto all = changes();
  ASSERT_EQ(all.size(), 8U) << ::testing::PrintToString(all);
  EXPECT_THAT(std::vector(all.begin(), all.begin() + 2),
              ::testing::UnorderedElementsAre("stop app", "stop log"));
  EXPECT_THAT(std::vector(all.begin() + 2, all.begin() + 6),
              ElementsAre("stop side", "start _network", "start one", "start side"));
  EXPECT_THAT(std::vector(all.begin() + 6, all.end()),
              ::testing::UnorderedElementsAre("start app", "start log"));
  EXPECT_EQ(node.section("app").health, Health::kHealthy);
  EXPECT_EQ(node.count_events("Restarted"), 1U);
  EXPECT_THAT(node.last_event("Restarted"), HasSubstr("so all of the pod is started again"));
}

TEST_F(PodOfSeveral, BeginsAnewAfterAReboot) {
  ends("one", 0);
  start(several(container("one", R"(,"volumeMounts":[{"name":"m","mountPath":"/m"}])"),
                R"(,"volumes":[{"name":"m","emptyDir":{"medium":"Memory"}}])"));
  node.pass(5s);
  const auto volume = node.containers.spec_of(name("one"))->binds.front().source;
  ASSERT_TRUE(fs::exists(volume)) << volume;
  fs::remove_all(folder_ + "/memory");
  node.forget_touched();
  node.clock.set_wall(base::WallTime{});  // a board without a battery
  node.reboot();
  node.pass(5s);
  EXPECT_THAT(changes(), ElementsAre("start _network", "start one", ::testing::_, ::testing::_));
  EXPECT_TRUE(fs::exists(volume)) << "what is in memory goes, and what fills it runs again";
  EXPECT_TRUE(runs("app") && runs("log"));
}

TEST_F(PodOfSeveral, BeginsAnewWhenSomebodyStartedItsNetworkAgain) {
  start(several(sidecar("side")));
  node.pass(5s);
  node.forget_touched();
  node.containers.exit_by_hand(kNetwork, 0);
  node.containers.start_by_hand(kNetwork);
  node.pass(2s);
  EXPECT_THAT(changes(), Contains("stop app"));
  EXPECT_EQ(node.containers.running().size(), 4U);
  const auto owner = *node.containers.container(kNetwork)->started;
  for (const char* one : {"side", "app", "log"})
    EXPECT_GE(*node.containers.container(name(one))->started, owner) << one;
}

TEST_F(PodOfSeveral, IsMadeAnewWhenItsNetworkIsTakenAway) {
  start(several(sidecar("side")));
  node.pass(5s);
  const auto app = node.containers.container(kApp)->id;
  node.containers.remove_by_hand(kNetwork);
  node.pass(5s);
  EXPECT_EQ(node.containers.running().size(), 4U);
  EXPECT_NE(node.containers.container(kApp)->id, app);
  EXPECT_EQ(node.section("app").health, Health::kHealthy);
}

TEST_F(PodOfSeveral, AClockThatWasSetBackStopsNothing) {
  ends("one", 0);
  node.containers.set_program(name("one"), {.exits_with = 0, .exits_after = 2s});
  start(several(container("one")));
  node.clock.jump_wall(-1h);
  node.pass(10s);
  ASSERT_TRUE(runs("app") && runs("log"));
  node.forget_touched();
  ASSERT_TRUE(node.restart());
  node.pass(10s);
  EXPECT_THAT(changes(), IsEmpty());
}

TEST_F(PodOfSeveral, ANetworkThatEndsAgainAndAgainBacksOff) {
  start(several(sidecar("side")));
  node.containers.set_program(kNetwork, {.exits_with = 1});
  node.forget_touched();
  node.containers.exit_by_hand(kNetwork, 1);
  node.pass(30s);
  EXPECT_LT(std::ranges::count(changes(), "start _network"), 5);
  EXPECT_EQ(reason(), "CrashLoopBackOff");
  EXPECT_THAT(message(), HasSubstr("container _network exited with code 1"));
}

// ---- its image ----

TEST_F(PodOfSeveral, TriesTheImageOfItsNetworkAgain) {
  node.containers.set_failure(base::EngineCall::kLoad, base::Error(base::Code::kNoSpace, "the disk is full"));
  node.desire({app().pod("web", several(sidecar("side")))});
  node.pass(2s);
  EXPECT_EQ(reason(), "ImageInspectError");
  EXPECT_THAT(message(), HasSubstr("the disk is full"));
  node.containers.set_failure(base::EngineCall::kLoad, std::nullopt);
  node.pass(1min);
  EXPECT_TRUE(runs("app"));
}

TEST_F(PodOfSeveral, AWaitForAnImageNamesTheContainer) {
  node.desire({app().pod("web", R"({"containers":[)" + container("app") +
                                    R"(,{"name":"log","image":"nowhere/x:1","imagePullPolicy":"Never"}]})")});
  node.pass(2s);
  EXPECT_EQ(reason(), "ErrImageNeverPull");
  EXPECT_THAT(message(), StartsWith("container log: "));
}

// ---- its end ----

TEST_F(PodOfSeveral, WhatAnAgentThatDiedLeftOfItTheNextOneRemoves) {
  start(several(sidecar("side")));
  node.containers.before_change([&](const std::string& what) {
    if (what == "remove hf.default.web._network") throw std::runtime_error("dies");
  });
  node.desire({app().file("a", "/a", "x")});
  EXPECT_THROW(node.pass(5s), std::runtime_error);
  node.containers.before_change(nullptr);
  ASSERT_NE(node.containers.container(kNetwork), nullptr);
  ASSERT_EQ(node.containers.container(kApp), nullptr);
  node.kill();
  ASSERT_TRUE(node.boot());
  node.pass(5s);
  EXPECT_TRUE(nothing_is_there());
}

TEST_F(PodOfSeveral, AContainerOfAnotherInItsNetworkHoldsItAndIsSaid) {
  start(several(sidecar("side")));
  base::ContainerSpec guest;
  guest.name = ContainerName("debug");
  guest.image = kImage;
  guest.network = base::ContainerNetwork::kShared;
  guest.shared_with = node.containers.container(kNetwork)->id;
  node.containers.create_by_hand(guest);
  take_out();
  node.pass(5s);
  EXPECT_EQ(node.containers.container(kApp), nullptr);
  EXPECT_NE(node.containers.container(kNetwork), nullptr);
  EXPECT_THAT(node.section("app").message + node.last_event("PruneFailed"),
              HasSubstr("another one has its network"));
  node.containers.remove_by_hand(ContainerName("debug"));
  node.pass(10min);
  EXPECT_TRUE(nothing_is_there());
}

}  // namespace
}  // namespace holdfast::edge_agent
