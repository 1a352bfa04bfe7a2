// SPDX-License-Identifier: Apache-2.0
// Deployment and DaemonSet: defaults, how many pods an update may do without, and what is refused.
#include "sync/model/workload_spec.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/limits/model.hpp"
#include "sync/model/kubernetes_examples.hpp"

namespace holdfast::sync {
namespace {

using base::Json;
using std::chrono::seconds;

Json deployment_json() {
  return *base::parse_json(
      R"({"metadata": {"name": "web"}, "spec": {"selector": {"matchLabels": {"app": "web"}},
    "template": {"metadata": {"labels": {"app": "web", "tier": "1"}},
                 "spec": {"containers": [{"name": "app", "image": "web:3"}]}}}})");
}

base::Result<Deployment> parse(const char* pointer, Json value, bool with_port = false) {
  Json deployment = deployment_json();
  if (with_port) {
    deployment["spec"]["template"]["spec"]["containers"][0]["ports"] = {
        {{"containerPort", 80}, {"hostPort", 80}}};
  }
  deployment[Json::json_pointer(pointer)] = std::move(value);
  return parse_deployment(deployment);
}

TEST(Deployment, HasKubernetesDefaults) {
  const auto deployment = parse_deployment(deployment_json());
  ASSERT_TRUE(deployment) << deployment.error().message();
  EXPECT_EQ(deployment->replicas, 1U);
  EXPECT_EQ(deployment->strategy, UpdateStrategy::kRollingUpdate);
  EXPECT_EQ(deployment->rolling, (RollingBounds{0, 1}));
  EXPECT_EQ(deployment->min_ready, seconds{0});
  EXPECT_EQ(deployment->progress_deadline, seconds{600});
  EXPECT_EQ(deployment->pod.labels, (StringMap{{"app", "web"}, {"tier", "1"}}));
}

TEST(Deployment, ReadsAWholeOne) {
  const auto deployment = parse_deployment(*base::parse_json(kDeploymentExample));
  ASSERT_TRUE(deployment) << deployment.error().message();
  EXPECT_EQ(deployment->replicas, 2U);
  EXPECT_EQ(deployment->rolling, (RollingBounds{1, 1}));
  EXPECT_EQ(deployment->min_ready, seconds{5});
  EXPECT_EQ(deployment->progress_deadline, seconds{120});
  EXPECT_EQ(deployment->pod.annotations, (StringMap{{"team", "a"}}));
}

TEST(Deployment, RecreateDoesWithoutAll) {
  const auto deployment = parse("/spec/strategy", {{"type", "Recreate"}});
  ASSERT_TRUE(deployment) << deployment.error().message();
  EXPECT_EQ(deployment->rolling, (RollingBounds{1, 0}));
}

TEST(Deployment, PodsThatHoldAPortOfTheNodeAreNeverTwo) {
  const auto deployment = parse("/spec/replicas", 1, true);
  ASSERT_TRUE(deployment) << deployment.error().message();
  EXPECT_EQ(deployment->rolling, (RollingBounds{1, 0}));
}

TEST(Deployment, NumbersAreBounded) {
  namespace limits = base::limits;
  const auto parsed = [](const char* pointer, std::int64_t value) {
    Json deployment = deployment_json();
    deployment["spec"]["progressDeadlineSeconds"] = seconds(limits::kProgressDeadlineMax).count();
    deployment[Json::json_pointer(pointer)] = value;
    return parse_deployment(deployment).has_value();
  };
  EXPECT_TRUE(parsed("/spec/replicas", limits::kReplicasMax));
  EXPECT_FALSE(parsed("/spec/replicas", limits::kReplicasMax + 1));
  EXPECT_TRUE(parsed("/spec/minReadySeconds", seconds(limits::kMinReadyMax).count()));
  EXPECT_FALSE(parsed("/spec/minReadySeconds", seconds(limits::kMinReadyMax).count() + 1));
  EXPECT_FALSE(parsed("/spec/progressDeadlineSeconds", seconds(limits::kProgressDeadlineMax).count() + 1));
}

struct Share {
  std::uint32_t replicas;
  PodShare unavailable;
  PodShare surge;
  RollingBounds bounds;
};
TEST(RollingUpdate, RoundsAsKubernetesDoes) {
  const PodShare quarter{25, true};
  const PodShare none{};
  const Share rows[] = {{1, quarter, quarter, {0, 1}},       {2, quarter, quarter, {0, 1}},
                        {4, quarter, quarter, {1, 1}},       {5, quarter, quarter, {1, 2}},
                        {1, quarter, none, {1, 0}},          {3, {34, true}, none, {1, 0}},
                        {3, {33, true}, {1, true}, {0, 1}},  {64, {100, true}, {100, true}, {64, 64}},
                        {2, {2, false}, {3, false}, {2, 3}}, {0, quarter, quarter, {1, 0}}};
  for (const auto& row : rows) {
    EXPECT_EQ(rolling_bounds(row.replicas, row.unavailable, row.surge), row.bounds) << row.replicas;
  }
}

struct Bad {
  const char* name;
  const char* pointer;
  const char* value;
  const char* message;
  bool with_port = false;
};
class DeploymentRefuses : public testing::TestWithParam<Bad> {};

TEST_P(DeploymentRefuses, AndNamesTheField) {
  const auto deployment =
      parse(GetParam().pointer, *base::parse_json(GetParam().value), GetParam().with_port);
  ASSERT_FALSE(deployment);
  EXPECT_EQ(deployment.error().message(), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Fields, DeploymentRefuses,
    testing::Values(
        Bad{"EmptySelector", "/spec/selector", "{}", "spec.selector: must ask for a label of the template"},
        Bad{"SelectorOfOthers", "/spec/selector", R"({"matchLabels": {"app": "site"}})",
            "spec.selector: does not match the labels of the template (template.metadata.labels)"},
        Bad{"RestartPolicy", "/spec/template/spec/restartPolicy", R"("OnFailure")",
            "spec.template.spec.restartPolicy: must be Always; what is to end is a Job"},
        Bad{"TooManyReplicas", "/spec/replicas", "65", "spec.replicas: must be a whole number from 0 to 64"},
        Bad{"NoProgress", "/spec/strategy", R"({"rollingUpdate": {"maxUnavailable": 0, "maxSurge": "0%"}})",
            "spec.strategy.rollingUpdate: maxUnavailable and maxSurge must not both be 0"},
        Bad{"Share", "/spec/strategy", R"({"rollingUpdate": {"maxSurge": "101%"}})",
            "spec.strategy.rollingUpdate.maxSurge: must be a number of pods, or a share such as \"25%\""},
        Bad{"RollingRecreate", "/spec/strategy", R"({"type": "Recreate", "rollingUpdate": {"maxSurge": 1}})",
            "spec.strategy.rollingUpdate: means nothing with type: Recreate; take one of them out"},
        Bad{"Paused", "/spec/paused", "true",
            "spec.paused: a change that is to wait waits in Git; write false or take it out"},
        Bad{"NameOfPod", "/spec/template/metadata/generateName", R"("a")",
            "spec.template.metadata.generateName: pods are named after the resource that they are of; take "
            "it out"},
        Bad{"Deadline", "/spec/minReadySeconds", "600",
            "spec.progressDeadlineSeconds: must be more than minReadySeconds"},
        Bad{"PortForTwo", "/spec/replicas", "2",
            "spec.replicas: pods that hold a port of the node (hostPort, hostNetwork) exclude each other; "
            "write 1",
            true},
        Bad{"PortWithSurge", "/spec/strategy", R"({"rollingUpdate": {"maxSurge": 1}})",
            "spec.strategy.rollingUpdate.maxSurge: pods that hold a port of the node (hostPort, hostNetwork) "
            "exclude each "
            "other; write 0",
            true},
        Bad{"DeepInThePod", "/spec/template/spec/containers/0/tty", "true",
            "spec.template.spec.containers[0].tty: nobody can be attached to a container on a node; write "
            "false or take it "
            "out"}),
    [](const auto& row) { return row.param.name; });

TEST(DaemonSet, ReadsAWholeOne) {
  const auto set = parse_daemon_set(*base::parse_json(kDaemonSetExample));
  ASSERT_TRUE(set) << set.error().message();
  EXPECT_EQ(set->min_ready, seconds{5});
  EXPECT_EQ(set->pod.spec.containers.at(0).ports.at(0).host_port, 9100);
}

TEST(DaemonSet, OnDeleteIsRefused) {
  Json set = *base::parse_json(kDaemonSetExample);
  set["spec"]["updateStrategy"] = {{"type", "OnDelete"}};
  EXPECT_EQ(
      parse_daemon_set(set).error().message(),
      "spec.updateStrategy.type: \"OnDelete\" is not supported: nobody deletes pods by hand on a node; write "
      "RollingUpdate");
}

}  // namespace
}  // namespace holdfast::sync
