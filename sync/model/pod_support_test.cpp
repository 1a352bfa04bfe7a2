// SPDX-License-Identifier: Apache-2.0
#include "sync/model/pod_support.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "sync/model/kubernetes_examples.hpp"

namespace holdfast::sync {
namespace {

base::Status checked(const std::string& spec) {
  const auto object =
      base::parse_json(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"},"spec":)" + spec + "}");
  EXPECT_TRUE(object);
  return check_pod_of_node(*object);
}

std::string with(const std::string& of_container, const std::string& of_pod = "") {
  return R"({"containers":[{"name":"app","image":"a:1")" + (of_container.empty() ? "" : "," + of_container) +
         "}]" + (of_pod.empty() ? "" : "," + of_pod) + "}";
}

TEST(PodSupport, WhatIsDoneIsAccepted) {
  EXPECT_TRUE(checked(with("")));
  EXPECT_TRUE(checked(R"({"containers":[{"name":"a","image":"a:1"},{"name":"b","image":"a:1"}],
      "initContainers":[{"name":"i","image":"a:1"},{"name":"s","image":"a:1","restartPolicy":"Always"}]})"));
}

TEST(PodSupport, OfATemplateIsNamedByItsPlace) {
  const auto of = [](const char* kind, const std::string& spec) {
    return *base::parse_json(std::string(R"({"kind":")") + kind + R"(","metadata":{"name":"web"},"spec":)" +
                             spec + "}");
  };
  const std::string pod =
      R"("template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"app","image":"a:1",
      "env":[{"name":"A","valueFrom":{"resourceFieldRef":{"resource":"limits.cpu"}}}]}])";
  const std::string selector = R"("selector":{"matchLabels":{"a":"b"}},)";
  const std::string job = pod + R"(,"restartPolicy":"Never"}})";
  const std::string in_cron = R"({"schedule":"@daily","jobTemplate":{"spec":{)" + job + "}}}";
  const auto starts = [](const base::Status& status, const char* place) {
    return !status && status.error().message().starts_with(place);
  };
  EXPECT_TRUE(starts(check_deployment_of_node(of("Deployment", "{" + selector + pod + "}}}")),
                     "spec.template.spec.containers[0]"));
  EXPECT_TRUE(starts(check_daemon_set_of_node(of("DaemonSet", "{" + selector + pod + "}}}")),
                     "spec.template.spec.containers[0]"));
  EXPECT_TRUE(starts(check_job_of_node(of("Job", "{" + job + "}")), "spec.template.spec.containers[0]"));
  EXPECT_TRUE(starts(check_cron_job_of_node(of("CronJob", in_cron)),
                     "spec.jobTemplate.spec.template.spec.containers[0]"));
}

struct Row {
  const char* name;
  std::string spec;
  const char* field;
};
class NotYet : public ::testing::TestWithParam<Row> {};

TEST_P(NotYet, IsAnErrorThatNamesTheField) {
  const auto status = checked(GetParam().spec);
  ASSERT_FALSE(status);
  EXPECT_TRUE(status.error().message().starts_with(GetParam().field)) << status.error().message();
}

INSTANTIATE_TEST_SUITE_P(
    Table, NotYet,
    ::testing::Values(
        Row{"AmountOfTheNode",
            with(R"("env":[{"name":"A","valueFrom":{"resourceFieldRef":{"resource":"limits.cpu"}}}])"),
            "spec.containers[0].env[0].valueFrom.resourceFieldRef: "},
        Row{"BoundedMemoryMountedTwice",
            with(R"("volumeMounts":[{"name":"m","mountPath":"/a"},{"name":"m","mountPath":"/b"}])",
                 R"("volumes":[{"name":"m","emptyDir":{"medium":"Memory","sizeLimit":"1Mi"}}])"),
            "spec.volumes[0].emptyDir.sizeLimit: "},
        Row{"GroupWithoutUser", with(R"("securityContext":{"runAsGroup":5})"),
            "spec.containers[0].securityContext.runAsGroup: "}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace holdfast::sync
