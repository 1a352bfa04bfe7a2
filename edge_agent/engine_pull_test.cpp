// SPDX-License-Identifier: Apache-2.0
// Pulls in the life of a section: no deadline counts while one goes on or the machine keeps it from going on, nothing of the old is
// touched or left alone before it is over, and what nobody wants any more is not pulled.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "edge_agent/fake_node.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using base::Code;
using base::ContainerName;
using sync::Health;
using sync::SectionPhase;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string pod_spec(const std::string& args, const std::string& more, const std::string& of_pod) {
  return "{" + of_pod + R"("containers":[{"name":"app","image":"r.io/app:)" + args + R"(","args":[")" + args +
         "\"]" + more + "}]}";
}

class EnginePulls : public ::testing::Test {
 protected:
  EnginePulls() {
    std::filesystem::remove_all(folder_);
    node.pull_images(folder_);
  }
  ~EnginePulls() override { std::filesystem::remove_all(folder_); }

  /// `args` is the tag, too.
  static FakeApp workload(const std::string& kind, const std::string& args, const std::string& more = "",
                          const std::string& of_container = "") {
    FakeApp app("app");
    app.policy.progress_deadline = 15min;
    const bool is_job = kind == "Job" || kind == "CronJob";
    const std::string pod = pod_spec(args, of_container, is_job ? R"("restartPolicy":"Never",)" : "");
    if (kind == "Pod") return app.pod("web", pod);
    const std::string selector = is_job ? "" : R"("selector":{"matchLabels":{"app":"web"}},)";
    const std::string spec =
        "{" + selector + more + R"("template":{"metadata":{"labels":{"app":"web"}},"spec":)" + pod + "}}";
    if (kind == "CronJob")
      return app.workload(kind, "web", R"({"schedule":"* * * * *","jobTemplate":{"spec":)" + spec + "}}");
    return app.workload(kind, "web", spec);
  }
  /// The pull that is under way ends well.
  void comes(const std::string& content) {
    ASSERT_EQ(node.pulls().running, 1);
    node.pulls().end_there(node.containers, content);
    node.settle();
  }
  void begin(const FakeApp& app) {
    node.desire({app});
    node.settle();
    comes("first");
    node.pass(1min);
    ASSERT_EQ(node.section("app").phase, SectionPhase::kSynced) << node.section("app").message;
    node.forget_touched();
  }
  static base::ImageInfo image(const std::string& content) {
    return {.id = base::ImageId("sha256:" + base::Digest::of("config of " + content).hex())};
  }
  std::set<std::string> running() const { return node.containers.running(); }

  const std::string folder_ = testing::TempDir() + "pulls-" + std::to_string(::getpid());
  FakeNode node;
};

// ---- deadlines ----

class EnginePullsOf : public EnginePulls, public ::testing::WithParamInterface<const char*> {};

TEST_P(EnginePullsOf, NoDeadlineCountsWhileTheRegistryIsDown) {
  node.desire({workload(GetParam(), "1")});
  for (int minute = 0; minute < 60; ++minute) {
    node.settle();
    if (node.pulls().running > 0) node.pulls().fail_with(Code::kUnavailable);
    node.pass(1min);
  }
  EXPECT_EQ(node.count_events("Failed"), 0U) << node.last_event("Failed");
  EXPECT_EQ(node.section("app").phase, SectionPhase::kApplying);
  EXPECT_EQ(node.resource(std::string(GetParam()) + "/web").health, Health::kProgressing);
  EXPECT_EQ(node.resource(std::string(GetParam()) + "/web").reason, "ImagePullBackOff");
  node.pass(5min);
  comes("first");
  EXPECT_EQ(running().size(), 1U);
}

TEST_P(EnginePullsOf, NoDeadlineCountsWhileItIsPulledOverASlowLine) {
  node.desire({workload(GetParam(), "1")});
  node.settle();
  for (int minute = 0; minute < 60; ++minute) {
    node.pulls().come_on(static_cast<std::uint64_t>(minute) * 33'000'000, 2'000'000'000);
    node.pass(1min);
  }
  EXPECT_EQ(node.count_events("Failed"), 0U) << node.last_event("Failed");
  EXPECT_EQ(node.resource(std::string(GetParam()) + "/web").reason, "Pulling");
  EXPECT_THAT(node.resource(std::string(GetParam()) + "/web").message, HasSubstr("of 2000 MB"));
  comes("first");
  EXPECT_EQ(running().size(), 1U);
}

TEST_P(EnginePullsOf, AnImageThatThereIsNotFailsTheRevision) {
  node.desire({workload(GetParam(), "1")});
  for (int minute = 0; minute < 60; ++minute) {
    node.settle();
    if (node.pulls().running > 0) node.pulls().fail_with(Code::kNotFound);
    node.pass(1min);
  }
  EXPECT_GT(node.count_events("Failed"), 0U);
  EXPECT_THAT(node.section("app").message, HasSubstr("cannot be pulled"));
}

INSTANTIATE_TEST_SUITE_P(Kinds, EnginePullsOf, ::testing::Values("Pod", "Deployment", "DaemonSet", "Job"),
                         [](const auto& row) { return std::string(row.param); });

// ---- what is not wanted any more ----

TEST_F(EnginePulls, OfADeploymentThatLeavesBeforeItsFirstPodIsThereEnd) {
  node.desire({workload("Deployment", "1")});
  node.settle();
  ASSERT_EQ(node.pulls().running, 1);
  node.desire({FakeApp("app").file("a", "/a", "x")});
  node.settle();
  EXPECT_EQ(node.pulls().running, 0);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EnginePulls, OfADeploymentThatWentBackEnd) {
  begin(workload("Deployment", "1"));
  node.desire({workload("Deployment", "2")});
  node.settle();
  ASSERT_EQ(node.pulls().running, 1);
  node.desire({workload("Deployment", "1")});
  node.settle();
  EXPECT_EQ(node.pulls().running, 0);
  EXPECT_THAT(node.containers.changes(), IsEmpty());
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(EnginePulls, OfACronJobThatLeavesEnd) {
  node.desire({workload("CronJob", "1")});
  node.pass(61s);
  ASSERT_EQ(node.pulls().running, 1);
  node.desire({FakeApp("app").file("a", "/a", "x")});
  node.settle();
  EXPECT_EQ(node.pulls().running, 0);
}

TEST_F(EnginePulls, OfAJobThatIsOverBeforeItsFirstPodIsThereEnd) {
  for (const auto* kind : {"Job", "CronJob"}) {
    node.desire({workload(kind, "1", R"("activeDeadlineSeconds":30,)")});
    for (int i = 0; i < 61 && node.pulls().running == 0; ++i) node.pass(1s);
    ASSERT_EQ(node.pulls().running, 1) << kind;
    node.pass(35s);
    EXPECT_EQ(node.pulls().running, 0) << kind;
  }
}

TEST_F(EnginePulls, OfOneJobOfACronJobGoesOnWhenAnotherIsCleared) {
  node.desire({workload("CronJob", "1")});
  node.pass(61s);
  comes("first");
  ASSERT_EQ(running().size(), 1U);
  const ContainerName first{*running().begin()};
  node.desire({workload("CronJob", "2")});
  node.pass(60s);
  ASSERT_EQ(node.pulls().jobs.size(), 2U);
  ASSERT_EQ(node.pulls().running, 1);
  node.containers.exit_by_hand(first, 0);
  node.pass(30s);
  EXPECT_EQ(node.pulls().running, 1);
  EXPECT_EQ(node.pulls().jobs.size(), 2U);
}

// ---- Always ----

constexpr const char* kRecreateTwo = R"("replicas":2,"strategy":{"type":"Recreate"},)";

std::string always(const std::string& value) {
  return R"(,"imagePullPolicy":"Always","env":[{"name":"V","value":")" + value + "\"}]";
}

TEST_F(EnginePulls, ATagIsAskedOnceForAllPodsOfADeploymentBeforeTheOldOnesStop) {
  begin(workload("Deployment", "latest", kRecreateTwo, always("1")));
  EXPECT_EQ(running().size(), 2U);
  EXPECT_EQ(node.pulls().jobs.size(), 1U);
  node.desire({workload("Deployment", "latest", kRecreateTwo, always("2"))});
  node.settle();
  EXPECT_EQ(running().size(), 2U);
  comes("second");
  for (int i = 0; i < 10; ++i) {
    if (node.pulls().running > 0) node.pulls().fail_with(Code::kPermission);
    node.pass(10s);
  }
  EXPECT_EQ(running().size(), 2U);
  EXPECT_EQ(node.pulls().jobs.size(), 2U);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced) << node.section("app").message;
  for (const auto& name : running())
    EXPECT_EQ(node.containers.container(ContainerName(name))->image_id, image("second").id) << name;
}

TEST_F(EnginePulls, WhatIsTakenForWantOfANetworkIsTakenByAllPodsOfADeployment) {
  begin(workload("Deployment", "latest", kRecreateTwo, always("1")));
  node.desire({workload("Deployment", "latest", kRecreateTwo, always("2"))});
  node.settle();
  node.pulls().fail_with(Code::kUnavailable);
  for (int i = 0; i < 10; ++i) {
    node.pass(10s);
    if (node.pulls().running > 0) node.pulls().fail_with(Code::kPermission);
  }
  EXPECT_EQ(running().size(), 2U);
  EXPECT_EQ(node.pulls().jobs.size(), 2U) << "the answer holds for the whole change";
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced) << node.section("app").message;
}

// ---- the old one meanwhile ----

class EnginePullsBesideTheOldOneOf : public EnginePulls, public ::testing::WithParamInterface<const char*> {
 protected:
  ContainerName old_one() const {
    return ContainerName(std::string(GetParam()) == "Deployment" ? "hf.default.web-0.app"
                                                                 : "hf.default.web.app");
  }
  bool old_one_runs() const { return running().contains(old_one().str()); }
};

TEST_P(EnginePullsBesideTheOldOneOf, ItIsStartedAgainWhenItEnds) {
  begin(workload(GetParam(), "1"));
  node.desire({workload(GetParam(), "2")});
  node.settle();
  ASSERT_EQ(node.pulls().running, 1);
  node.containers.exit_by_hand(old_one(), 1);
  node.pass(2s);
  EXPECT_TRUE(old_one_runs());
  comes("second");
  node.pass(1min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced) << node.section("app").message;
}

TEST_P(EnginePullsBesideTheOldOneOf, ANewAgentStartsItAgainToo) {
  begin(workload(GetParam(), "1"));
  node.desire({workload(GetParam(), "2")});
  node.settle();
  ASSERT_TRUE(node.restart());
  node.settle();
  ASSERT_EQ(node.pulls().running, 1);
  node.containers.exit_by_hand(old_one(), 1);
  node.pass(2s);
  EXPECT_TRUE(old_one_runs());
}

/// Its tag is asked for anew, too, and neither keeps the other from getting there.
TEST_P(EnginePullsBesideTheOldOneOf, ItIsMadeAgainWhenItIsRemoved) {
  begin(workload(GetParam(), "latest", "", always("1")));
  node.desire({workload(GetParam(), "2")});
  node.settle();
  ASSERT_EQ(node.pulls().jobs.size(), 2U);
  node.containers.remove_by_hand(old_one());
  for (int i = 0; i < 30; ++i) {
    if (node.pulls().running > 0) node.pulls().come_on(1'000'000U * static_cast<unsigned>(i), 100'000'000);
    node.pass(1s);
  }
  EXPECT_LE(node.pulls().jobs.size(), 3U);
  for (int i = 0; i < 2 && node.pulls().running > 0; ++i) comes("first");
  node.pass(1min);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced) << node.section("app").message;
}

INSTANTIATE_TEST_SUITE_P(Kinds, EnginePullsBesideTheOldOneOf,
                         ::testing::Values("Pod", "Deployment", "DaemonSet"),
                         [](const auto& row) { return std::string(row.param); });

}  // namespace
}  // namespace holdfast::edge_agent
