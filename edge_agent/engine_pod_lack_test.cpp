// SPDX-License-Identifier: Apache-2.0
// What a pod refers to and is not there, on the node or in its application: it waits for it and says what, the others go on, and its
// progress deadline decides when that is a failure.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/limits/agent.hpp"
#include "edge_agent/fake_node.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using sync::Health;
using sync::SectionPhase;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

constexpr const char* kImage = "registry.example.com/web:1";

std::string pod_spec(const std::string& of_container, const std::string& of_pod) {
  return R"({"containers":[{"name":"app","image":")" + std::string(kImage) + "\"" + of_container + "}]" +
         of_pod + "}";
}
/// It mounts /srv/data of the node, which must be a directory.
std::string with_data(const std::string& args = "1") {
  return pod_spec(R"(,"args":[")" + args + R"("],"volumeMounts":[{"name":"data","mountPath":"/data"}])",
                  R"(,"volumes":[{"name":"data","hostPath":{"path":"/srv/data","type":"Directory"}}])");
}
std::string of_template(std::string pod, const std::string& more) {
  return "{" + more +
         R"("selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":)" +
         std::move(pod) + "}}";
}
FakeApp app() {
  FakeApp out("app");
  out.policy.progress_deadline = 5min;
  return out;
}

class PodLacks : public ::testing::Test {
 protected:
  PodLacks() {
    folder_ = testing::TempDir() + "pod-lacks-" + std::to_string(::getpid()) + "-" + std::to_string(++count_);
    fs::create_directories(folder_ + "/host");
    node.have_image(kImage);
    node.pod_places = {
        .disk = folder_ + "/disk", .memory = folder_ + "/memory", .shim = "", .root = folder_ + "/host"};
    EXPECT_TRUE(node.restart());
  }
  ~PodLacks() override { fs::remove_all(folder_); }
  void start(const FakeApp& app) {
    node.desire({app});
    node.settle();
  }
  std::string data() const { return folder_ + "/host/srv/data"; }
  void make_data() { fs::create_directories(data()); }
  bool runs(const std::string& pod) {
    return node.containers.running().contains("hf.default." + pod + ".app");
  }

  FakeNode node;

 private:
  static inline int count_ = 0;
  std::string folder_;
};

TEST_F(PodLacks, APathOfTheNodeIsWaitedForWhileTheOthersGoOn) {
  // By kind and name it stands between the two others.
  start(app().file("motd", "/etc/motd", "hello").pod("middle", with_data()).pod("z", pod_spec("", "")));
  EXPECT_EQ(node.content("/etc/motd"), "hello");
  EXPECT_TRUE(runs("z"));
  const auto pod = node.resource("Pod/middle");
  EXPECT_EQ(pod.health, Health::kDegraded);
  EXPECT_EQ(pod.reason, "FailedMount");
  EXPECT_THAT(pod.message, AllOf(HasSubstr("pod middle: volume data: /srv/data is not there"),
                                 HasSubstr("type: DirectoryOrCreate")));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kApplying);
  EXPECT_EQ(node.section("app").reason, "FailedMount");
  EXPECT_THAT(node.section("app").message, HasSubstr("Pod/middle: pod middle: volume data"));
  EXPECT_EQ(node.resource("Pod/z").health, Health::kHealthy);
  node.pass(4min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kApplying);
  EXPECT_EQ(node.count_events("FailedMount"), 1U);
  EXPECT_EQ(node.count_events("Failed"), 0U);
  make_data();
  node.pass(base::limits::kPodLackBackoffMax);
  EXPECT_TRUE(runs("middle"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.section("app").health, Health::kHealthy);
}

/// Nothing is applied any more then: what is gone is made again once it can be.
TEST_F(PodLacks, APathThatGoesIsMissedWhenThePodIsMadeAgain) {
  make_data();
  start(app().pod("web", with_data()));
  ASSERT_EQ(node.section("app").phase, SectionPhase::kSynced);
  fs::remove_all(data());
  node.containers.remove_by_hand(base::ContainerName("hf.default.web.app"));
  node.pass(1min);
  EXPECT_EQ(node.resource("Pod/web").reason, "FailedMount");
  EXPECT_EQ(node.count_events("FailedMount"), 1U);
  const auto why = node.engine().why("Pod/web");
  ASSERT_TRUE(why);
  EXPECT_THAT(why->front().next, HasSubstr("looked for again in "));
  make_data();
  node.pass(base::limits::kPodLackBackoffMax);
  EXPECT_TRUE(runs("web"));
  EXPECT_EQ(node.resource("Pod/web").health, Health::kHealthy);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(PodLacks, ItsDeadlineMakesAFailureOfItAndSaysWhy) {
  start(app().pod("web", pod_spec("", "")).file("motd", "/etc/motd", "1"));
  node.desire({app().pod("web", with_data()).file("motd", "/etc/motd", "2")});
  node.pass(4min);
  EXPECT_TRUE(runs("web")) << "the old one, until the new one can be made";
  EXPECT_EQ(node.content("/etc/motd"), "2");
  node.pass(10min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
  EXPECT_EQ(node.section("app").reason, "ProgressDeadlineExceeded");
  EXPECT_THAT(node.section("app").message,
              HasSubstr("Pod/web (FailedMount: pod web: volume data: /srv/data is not there"));
  EXPECT_EQ(node.content("/etc/motd"), "1");
  EXPECT_TRUE(runs("web"));
}

TEST_F(PodLacks, OfADeploymentItsOwnDeadlineDecides) {
  const auto changes = node.containers.changes().size();
  start(app()
            .workload("Deployment", "web", of_template(with_data(), R"("progressDeadlineSeconds":60,)"))
            .file("motd", "/etc/motd", "hello"));
  EXPECT_EQ(node.resource("Deployment/web").reason, "FailedMount");
  EXPECT_THAT(node.resource("Deployment/web").message, HasSubstr("pod web-0: volume data: /srv/data"));
  node.pass(50s);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kApplying);
  node.pass(15s);
  EXPECT_EQ(node.count_events("Failed"), 1U);
  EXPECT_THAT(node.last_event("Failed"),
              AllOf(HasSubstr("Deployment/web"), HasSubstr("FailedMount: pod web-0: volume data")));
  EXPECT_EQ(node.containers.changes().size(), changes);
  make_data();
  node.pass(2min);
  EXPECT_TRUE(runs("web-0"));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(PodLacks, OfAJobItIsWaitedForToo) {
  start(app().workload("Job", "once",
                       R"({"template":{"spec":)" +
                           pod_spec(R"(,"volumeMounts":[{"name":"data","mountPath":"/data"}])",
                                    R"(,"restartPolicy":"Never","volumes":[{"name":"data",
                                       "hostPath":{"path":"/srv/data","type":"Directory"}}])") +
                           "}}"));
  node.pass(1min);
  EXPECT_EQ(node.resource("Job/once").reason, "FailedMount");
  EXPECT_FALSE(runs("once"));
  EXPECT_EQ(node.count_events("FailedMount"), 1U);
  make_data();
  node.pass(base::limits::kPodLackBackoffMax);
  EXPECT_TRUE(runs("once"));
}

struct MissingRow {
  const char* name;
  const char* of_container;
  const char* of_pod;
  const char* reason;
  const char* message;
};
class PodLacksReference : public PodLacks, public ::testing::WithParamInterface<MissingRow> {};

/// Another revision has it; until then what runs goes on.
TEST_P(PodLacksReference, IsWaitedForWhileTheOthersGoOn) {
  const auto pod = pod_spec(GetParam().of_container, GetParam().of_pod);
  start(app().pod("web", pod_spec("", "")));
  start(app().pod("web", pod).file("motd", "/etc/motd", "hello"));
  EXPECT_EQ(node.content("/etc/motd"), "hello");
  EXPECT_EQ(node.resource("Pod/web").reason, GetParam().reason);
  EXPECT_THAT(node.resource("Pod/web").message,
              AllOf(HasSubstr(GetParam().message), HasSubstr("add it, or write optional: true")));
  EXPECT_EQ(node.section("app").phase, SectionPhase::kApplying);
  EXPECT_EQ(node.count_events(GetParam().reason), 1U);
  EXPECT_TRUE(runs("web"));
  const auto id = node.containers.container(base::ContainerName("hf.default.web.app"))->id;
  node.pass(2min);
  EXPECT_EQ(node.containers.container(base::ContainerName("hf.default.web.app"))->id, id);
  start(
      app().pod("web", pod).file("motd", "/etc/motd", "hello").config_map("settings", {{"level", "debug"}}));
  node.pass(10s);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced) << node.section("app").message;
  EXPECT_TRUE(runs("web"));
}

INSTANTIATE_TEST_SUITE_P(
    Table, PodLacksReference,
    ::testing::Values(
        MissingRow{
            "ConfigMapOfAVariable",
            R"(,"env":[{"name":"LEVEL","valueFrom":{"configMapKeyRef":{"name":"settings","key":"level"}}}])",
            "", "CreateContainerConfigError",
            "pod web: container app: refers to ConfigMap/settings, which its application does not have"},
        MissingRow{"ConfigMapOfAllVariables", R"(,"envFrom":[{"configMapRef":{"name":"settings"}}])", "",
                   "CreateContainerConfigError", "pod web: container app: refers to ConfigMap/settings"},
        MissingRow{"ConfigMapOfAVolume", R"(,"volumeMounts":[{"name":"cfg","mountPath":"/cfg"}])",
                   R"(,"volumes":[{"name":"cfg","configMap":{"name":"settings"}}])", "FailedMount",
                   "pod web: volume cfg: refers to ConfigMap/settings"}),
    [](const auto& info) { return info.param.name; });

/// The same pod with other files: it runs on with those that it has.
TEST_F(PodLacks, AConfigMapThatLeavesTakesNoFilesAway) {
  const auto pod = pod_spec(R"(,"volumeMounts":[{"name":"cfg","mountPath":"/cfg"}])",
                            R"(,"volumes":[{"name":"cfg","configMap":{"name":"settings"}}])");
  start(app().pod("web", pod).config_map("settings", {{"level", "debug"}}));
  node.forget_touched();
  start(app().pod("web", pod));
  EXPECT_EQ(node.resource("Pod/web").reason, "FailedMount");
  EXPECT_THAT(node.containers.changes(), IsEmpty());
  EXPECT_TRUE(runs("web"));
}

/// Whatever it is that one of a wave cannot: its siblings are there, and what comes later waits.
TEST_F(PodLacks, OneThatCannotBeAppliedKeepsNoSiblingFromIt) {
  FakeMeta later;
  later.wave = 1;
  node.host.folder_by_hand("/etc/a");
  start(app().file("a", "/etc/a", "1").file("b", "/etc/b", "1").file("c", "/etc/c", "1", later));
  EXPECT_EQ(node.resource("File/a").reason, "ApplyFailed");
  EXPECT_EQ(node.content("/etc/b"), "1");
  EXPECT_EQ(node.resource("File/b").health, Health::kHealthy);
  EXPECT_FALSE(node.content("/etc/c"));
  EXPECT_EQ(node.resource("File/c").message, "waits for File/a, which cannot be applied");
  EXPECT_THAT(node.last_event("Failed"), HasSubstr("File/a: "));
}

}  // namespace
}  // namespace holdfast::edge_agent
