// SPDX-License-Identifier: Apache-2.0
// Annotations of hooks: what is read, and what is refused with the way out.
#include "sync/model/hook.hpp"

#include <gtest/gtest.h>

#include "sync/model/kinds.hpp"
#include "sync/model/resource.hpp"

namespace holdfast::sync {
namespace {

using Annotations = std::map<std::string, std::string>;

Annotations annotations(const char* stage, const char* policy) {
  Annotations out;
  if (stage != nullptr) out.emplace(kAnnotationHook, stage);
  if (policy != nullptr) out.emplace(kAnnotationHookDeletePolicy, policy);
  return out;
}

TEST(Hook, OfNothingIsNone) { EXPECT_EQ(*parse_hook({{"other", "x"}}), std::nullopt); }

struct Good {
  const char* name;
  const char* stage;
  const char* policy;
  Hook hook;
};
class HookRead : public ::testing::TestWithParam<Good> {};
TEST_P(HookRead, Gives) {
  const auto hook = parse_hook(annotations(GetParam().stage, GetParam().policy));
  ASSERT_TRUE(hook) << hook.error().message();
  EXPECT_EQ(*hook, GetParam().hook);
}
INSTANTIATE_TEST_SUITE_P(
    Table, HookRead,
    ::testing::Values(Good{"PreSync", "PreSync", nullptr, {HookStage::kPreSync, false, false}},
                      Good{"Sync", "Sync", nullptr, {HookStage::kSync, false, false}},
                      Good{"PostSync", "PostSync", nullptr, {HookStage::kPostSync, false, false}},
                      Good{"SyncFail", "SyncFail", nullptr, {HookStage::kSyncFail, false, false}},
                      Good{"Default", "PreSync", "BeforeHookCreation", {HookStage::kPreSync, false, false}},
                      Good{"Succeeded", "PreSync", "HookSucceeded", {HookStage::kPreSync, true, false}},
                      Good{"Failed", "PreSync", "HookFailed", {HookStage::kPreSync, false, true}},
                      Good{
                          "Both", "PreSync", "HookSucceeded, HookFailed", {HookStage::kPreSync, true, true}}),
    [](const auto& info) { return info.param.name; });

struct Bad {
  const char* name;
  const char* stage;
  const char* policy;
  const char* message;
};
#define AT_HOOK "metadata.annotations[\"argocd.argoproj.io/hook\"]: "
#define AT_POLICY "metadata.annotations[\"argocd.argoproj.io/hook-delete-policy\"]: "
class HookRefused : public ::testing::TestWithParam<Bad> {};
TEST_P(HookRefused, WithTheWayOut) {
  const auto hook = parse_hook(annotations(GetParam().stage, GetParam().policy));
  ASSERT_FALSE(hook);
  EXPECT_EQ(hook.error().message(), GetParam().message);
}
INSTANTIATE_TEST_SUITE_P(
    Table, HookRefused,
    ::testing::Values(
        Bad{"Skip", "Skip", nullptr,
            AT_HOOK
            "\"Skip\" is not known here: what no node should hold is left out of the application's folder, "
            "or out of its kustomization"},
        Bad{"Several", "PreSync,PostSync", nullptr,
            AT_HOOK "\"PreSync,PostSync\" are several stages at once; write a resource of its own for each"},
        Bad{"Misspelt", "Presync", nullptr,
            AT_HOOK "\"Presync\" is no stage; there are PreSync, Sync, PostSync and SyncFail"},
        Bad{"Empty", "", nullptr, AT_HOOK "\"\" is no stage; there are PreSync, Sync, PostSync and SyncFail"},
        Bad{"Policy", "PreSync", "HookSucceeded,Never",
            AT_POLICY
            "\"Never\" is no delete policy; there are BeforeHookCreation (the default), HookSucceeded "
            "and HookFailed"},
        Bad{"PolicyAlone", nullptr, "HookSucceeded",
            AT_POLICY "means nothing without argocd.argoproj.io/hook; add that, or remove this"}),
    [](const auto& info) { return info.param.name; });

// ---- in a resource ----

std::string process(const std::string& restart) {
  return R"({"apiVersion":"holdfast.dev/v1","kind":"Process","metadata":{"name":"a","annotations":)"
         R"({"argocd.argoproj.io/hook":"PreSync"}},"spec":{"command":["/a"])" +
         (restart.empty() ? std::string() : ",\"restartPolicy\":\"" + restart + "\"") + "}}";
}

TEST(HookResource, IsAProcessThatEnds) {
  for (const auto* restart : {"Never", "OnFailure"}) {
    const auto resource = parse_resource(process(restart));
    ASSERT_TRUE(resource) << resource.error().message();
    EXPECT_EQ(resource->hook, (Hook{HookStage::kPreSync}));
    EXPECT_EQ(abilities_of(*resource), (std::vector<std::string>{"process/1", "hook/1"}));
  }
}

TEST(HookResource, IsNoProcessThatIsStartedAgainAndAgain) {
  for (const auto* restart : {"", "Always"}) {
    const auto resource = parse_resource(process(restart));
    ASSERT_FALSE(resource);
    EXPECT_EQ(
        resource.error().message(),
        "spec.restartPolicy: a hook has to end; write Never or OnFailure, for Always (the default) starts it "
        "again and again");
  }
}

TEST(HookResource, IsNoKindThatDoesNotEnd) {
  const auto resource =
      parse_resource(R"({"apiVersion":"holdfast.dev/v1","kind":"File","metadata":{"name":"a","annotations":)"
                     R"({"argocd.argoproj.io/hook":"PreSync"}},"spec":{"path":"/a","content":"x"}})");
  ASSERT_FALSE(resource);
  EXPECT_EQ(
      resource.error().message(), AT_HOOK
      "a File does not end, so nothing could wait until it has; what can be a hook is: Process, Pod, Job");
}

std::string workload(const std::string& api, const std::string& kind, const std::string& spec) {
  return R"({"apiVersion":")" + api + R"(","kind":")" + kind +
         R"(","metadata":{"name":"a","annotations":{"argocd.argoproj.io/hook":"PreSync"}},"spec":)" + spec +
         "}";
}
constexpr const char* kContainers = R"("containers":[{"name":"app","image":"registry.example.com/a:1"}])";

TEST(HookResource, IsAPodThatEnds) {
  for (const auto* restart : {"Never", "OnFailure"}) {
    const auto resource = parse_resource(
        workload("v1", "Pod", std::string(R"({"restartPolicy":")") + restart + "\"," + kContainers + "}"));
    ASSERT_TRUE(resource) << resource.error().message();
    EXPECT_EQ(abilities_of(*resource), (std::vector<std::string>{"pod/1", "hook/1", "hook-workload/1"}));
  }
}

TEST(HookResource, IsNoPodThatIsStartedAgainAndAgain) {
  const auto resource = parse_resource(workload("v1", "Pod", std::string("{") + kContainers + "}"));
  ASSERT_FALSE(resource);
  EXPECT_TRUE(resource.error().message().starts_with("spec.restartPolicy: a hook has to end"))
      << resource.error().message();
}

TEST(HookResource, IsAJob) {
  const auto job = [](const std::string& more) {
    return parse_resource(
        workload("batch/v1", "Job",
                 "{" + more + R"("template":{"spec":{"restartPolicy":"OnFailure",)" + kContainers + "}}}"));
  };
  const auto resource = job("");
  ASSERT_TRUE(resource) << resource.error().message();
  EXPECT_EQ(abilities_of(*resource), (std::vector<std::string>{"job/1", "hook/1", "hook-workload/1"}));
  const auto suspended = job(R"("suspend":true,)");
  ASSERT_FALSE(suspended);
  EXPECT_EQ(suspended.error().message(),
            "spec.suspend: a hook has to end, and a Job that is suspended does not begin; take it out");
}

TEST(HookResource, IsNoCronJob) {
  const auto resource = parse_resource(workload(
      "batch/v1", "CronJob",
      std::string(
          R"({"schedule":"* * * * *","jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never",)") +
          kContainers + "}}}}}"));
  ASSERT_FALSE(resource);
  EXPECT_NE(resource.error().message().find("a CronJob does not end"), std::string::npos);
}

TEST(HookStages, WaitOnlyForWhatComesNoLater) {
  EXPECT_TRUE(may_wait_for(HookStage::kSync, HookStage::kPreSync));
  EXPECT_TRUE(may_wait_for(HookStage::kPostSync, HookStage::kPostSync));
  EXPECT_FALSE(may_wait_for(HookStage::kPreSync, HookStage::kSync));
  EXPECT_TRUE(may_wait_for(HookStage::kSyncFail, HookStage::kSyncFail));
  EXPECT_FALSE(may_wait_for(HookStage::kSyncFail, HookStage::kPreSync));
  EXPECT_FALSE(may_wait_for(HookStage::kSync, HookStage::kSyncFail));
}

}  // namespace
}  // namespace holdfast::sync
