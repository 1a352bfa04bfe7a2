// SPDX-License-Identifier: Apache-2.0
// When the files of a pod's volumes go, whatever became of the pod, on a fake container engine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "edge_agent/fake_node.hpp"
#include "edge_agent/inventory_rebuild.hpp"
#include "edge_agent/pod_labels.hpp"
#include "edge_agent/state_records.hpp"
#include "edge_agent/tables.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using base::Code;
using base::EngineCall;
using base::Error;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

constexpr const char* kImage = "registry.example.com/web:1";

class PodFiles : public ::testing::Test {
 protected:
  PodFiles() {
    folder_ = testing::TempDir() + "pod-files-" + std::to_string(::getpid()) + "-" + std::to_string(++count_);
    node.have_image(kImage);
    node.pod_places = {.disk = folder_ + "/disk", .memory = folder_ + "/memory"};
    EXPECT_TRUE(node.restart());
  }
  ~PodFiles() override { fs::remove_all(folder_); }

  FakeApp app(const std::string& kind, const std::string& spec) const {
    FakeApp out("app");
    out.secret("db", node.sealing_keys.newest().key.public_key(), {{"password", "hunter2"}});
    return kind == "Pod" ? out.pod("web", spec) : out.workload(kind, "web", spec);
  }
  static std::string pod(const std::string& more = "") {
    return R"({"containers":[{"name":"app","image":")" + std::string(kImage) +
           R"(","volumeMounts":[{"name":"db","mountPath":"/db"},{"name":"tmp","mountPath":"/tmp"}]}],)" +
           R"("volumes":[{"name":"db","secret":{"secretName":"db"}},{"name":"tmp","emptyDir":{}}])" + more +
           "}";
  }
  static std::string deployment(const std::string& more = "") {
    return R"({"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":)" +
           pod(more) + "}}";
  }
  static std::string job() { return R"({"template":{"spec":)" + pod(R"(,"restartPolicy":"Never")") + "}}"; }
  void start(const std::vector<FakeApp>& apps) {
    node.desire(apps);
    node.settle();
  }
  void refuse_creates(bool are_refused = true) {
    node.containers.set_failure(
        EngineCall::kCreate, are_refused ? std::optional(Error(Code::kInternal, "no room")) : std::nullopt);
  }
  /// Of both places, each pod once.
  std::set<std::string> files() const {
    std::set<std::string> out;
    for (const auto* place : {"/disk", "/memory"}) {
      std::error_code error;
      for (const auto& entry : fs::directory_iterator(folder_ + place, error))
        out.insert(entry.path().filename());
    }
    return out;
  }
  void take_out(const FakeApp& of) {
    node.desire({}, {removal_of(of, sync::RemovalMode::kPrune)});
    node.pass(1min);
  }

  FakeNode node;
  std::string folder_;
  static inline int count_ = 0;
};

TEST_F(PodFiles, GoWithAPodThatTheEngineNeverMade) {
  for (const auto& [kind, spec] :
       {std::pair{"Pod", pod()}, std::pair{"Job", job()}, std::pair{"Deployment", deployment()}}) {
    refuse_creates();
    const auto refused = app(kind, spec);
    start({refused});
    EXPECT_FALSE(files().empty()) << kind;
    ASSERT_THAT(node.containers.names(), IsEmpty()) << kind;
    take_out(refused);
    EXPECT_THAT(files(), IsEmpty()) << kind;
  }
}

/// A Secret's are in memory: a reboot takes them. The pod and its log are for whoever asks what the Job did.
TEST_F(PodFiles, OfAJobThatIsOverAreNoReasonToTakeItsPod) {
  for (const std::int64_t code : {0, 1}) {
    node.desire({});
    const auto once = app("Job", R"({"backoffLimit":0,)" + job().substr(1));
    start({once});
    const base::ContainerName name{"hf.default.web.app"};
    node.containers.exit_by_hand(name, code);
    node.run();
    node.pass(1s);
    const auto* const before = node.containers.container(name);
    ASSERT_NE(before, nullptr);
    const auto id = before->id;
    fs::remove_all(folder_ + "/memory");
    ASSERT_TRUE(node.restart());
    node.pass(1min);
    ASSERT_NE(node.containers.container(name), nullptr) << code << ": gone after a reboot";
    FakeApp changed("app");
    changed.secret("db", node.sealing_keys.newest().key.public_key(), {{"password", "another"}});
    changed.workload("Job", "web", R"({"backoffLimit":0,)" + job().substr(1));
    start({changed});
    node.pass(1min);
    ASSERT_NE(node.containers.container(name), nullptr) << code << ": gone with another value";
    EXPECT_EQ(node.containers.container(name)->id, id);
    take_out(changed);
    ASSERT_THAT(node.containers.names(), IsEmpty());
  }
}

TEST_F(PodFiles, GoWithThePodOfARevisionThatWasGivenUp) {
  start({app("Deployment", deployment())});
  EXPECT_THAT(files(), ElementsAre("default_web-0"));
  refuse_creates();
  start({app("Deployment", deployment(R"(,"hostNetwork":true)"))});
  EXPECT_THAT(files(), ElementsAre("default_web-0", "default_web-1"));
  start({app("Deployment", deployment())});
  node.pass(1min);
  EXPECT_THAT(files(), ElementsAre("default_web-0"));
}

TEST_F(PodFiles, ThatADyingAgentLeftBehindGoAtTheNextStart) {
  start({app("Pod", pod())});
  for (const auto* place : {"/disk", "/memory"})
    fs::create_directories(folder_ + place + "/default_gone-3/db");
  fs::create_directories(folder_ + "/disk/notes");
  ASSERT_TRUE(node.restart());
  node.settle();
  EXPECT_THAT(files(), ElementsAre("default_web", "notes"));
}

TEST_F(PodFiles, StayWhileAContainerOfThePodIsThereOrTheEngineDoesNotSay) {
  start({app("Pod", pod())});
  fs::create_directories(folder_ + "/disk/default_kept/tmp");
  auto kept = *node.containers.spec_of(base::ContainerName("hf.default.web.app"));
  kept.name = base::ContainerName("hf.default.kept.app");
  kept.labels[pod_labels::kPod] = "default/kept";
  node.containers.create_by_hand(kept);
  fs::create_directories(folder_ + "/disk/default_gone/tmp");
  node.containers.set_gone(true);
  ASSERT_TRUE(node.restart());
  node.settle();
  EXPECT_THAT(files(), ElementsAre("default_gone", "default_kept", "default_web"));
  node.containers.set_gone(false);
  node.pass(1min);
  EXPECT_THAT(files(), ElementsAre("default_kept", "default_web"));
}

TEST_F(PodFiles, StayWhereRecordsWereLostUntilTheHubHasSpoken) {
  start({app("Pod", pod())});
  fs::create_directories(folder_ + "/disk/default_gone/tmp");
  node.store.damage(kInventoryTable, claim_key({sync::ClaimKind::kContainer, "hf.default.web.app"}));
  node.kill();
  sync::FakeStore fresh({kAgentTables.begin(), kAgentTables.end()});
  ASSERT_TRUE(rescue_store(node.store, fresh));
  node.store = std::move(fresh);
  ASSERT_TRUE(node.boot());
  node.settle();
  EXPECT_THAT(files(), ElementsAre("default_gone", "default_web"));
}

}  // namespace
}  // namespace holdfast::edge_agent
