// SPDX-License-Identifier: Apache-2.0
// What workloads hold on a node, and that no node is given them yet.
#include "sync/model/workload_claims.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/limits/model.hpp"
#include "sync/model/kinds.hpp"
#include "sync/model/kubernetes_examples.hpp"

namespace holdfast::sync {
namespace {

using base::Json;
using Texts = std::vector<std::string>;

Texts texts(const std::vector<Claim>& claims) {
  Texts out;
  for (const auto& claim : claims) {
    out.push_back(claim.text());
    const auto read = Claim::parse(claim.text());
    EXPECT_TRUE(read && *read == claim) << claim.text() << " can be stored";
  }
  return out;
}

Json json(const char* text) { return *base::parse_json(text); }

TEST(WorkloadClaims, OfAPodAreItsContainersAndPortsOfTheNode) {
  EXPECT_EQ(texts(pod_claims({"", "Pod", "default", "camera"}, json(kPodExample))),
            (Texts{"container:hf.default.camera.app", "container:hf.default.camera.prepare",
                   "container:hf.default.camera.proxy", "port:tcp/80"}));
}

TEST(WorkloadClaims, AHostPathIsNobodys) {
  for (const auto& claim : pod_claims({"", "Pod", "default", "camera"}, json(kPodExample))) {
    EXPECT_NE(claim.kind, ClaimKind::kPath) << claim.text();
  }
}

TEST(WorkloadClaims, OfADeploymentAreThoseOfAllItsPodsAndOfSurge) {
  EXPECT_EQ(
      texts(deployment_claims({"apps", "Deployment", "edge", "web"}, json(kDeploymentExample))),
      (Texts{"container:hf.edge.web-0.app", "container:hf.edge.web-1.app", "container:hf.edge.web-2.app"}));
}

TEST(WorkloadClaims, WithoutReplicasThereAreNone) {
  Json deployment = json(kDeploymentExample);
  deployment["spec"]["replicas"] = 0;
  EXPECT_EQ(texts(deployment_claims({"apps", "Deployment", "edge", "web"}, deployment)), Texts{});
}

TEST(WorkloadClaims, OfADaemonSetHasThePortsOfTheNodesNetwork) {
  EXPECT_EQ(texts(daemon_set_claims({"apps", "DaemonSet", "default", "exporter"}, json(kDaemonSetExample))),
            (Texts{"container:hf.default.exporter.app", "port:tcp/9100"}));
}

TEST(WorkloadClaims, OfJobs) {
  EXPECT_EQ(texts(job_claims({"batch", "Job", "default", "migrate"}, json(kJobExample))),
            (Texts{"container:hf.default.migrate.app"}));
  EXPECT_EQ(texts(cron_job_claims({"batch", "CronJob", "default", "report"}, json(kCronJobExample))),
            (Texts{"container:hf.default.report-*.app"}));
}

TEST(WorkloadClaims, UdpAndTcpAreTwoPorts) {
  Json pod =
      json(R"({"metadata": {"name": "a"}, "spec": {"containers": [{"name": "app", "image": "a:1", "ports": [
    {"containerPort": 53, "hostPort": 53, "protocol": "UDP"}, {"containerPort": 53, "hostPort": 53}]}]}})");
  EXPECT_EQ(texts(pod_claims({"", "Pod", "default", "a"}, pod)),
            (Texts{"container:hf.default.a.app", "port:tcp/53", "port:udp/53"}));
}

TEST(WorkloadClaims, WhatDoesNotParseHoldsNothing) {
  EXPECT_TRUE(pod_claims({"", "Pod", "default", "a"}, Json::object()).empty());
}

TEST(WorkloadClaims, NamesThatMakeTooLongANameAreRefused) {
  const auto checked = [](std::size_t length) {
    Json pod = json(R"({"metadata": {}, "spec": {"containers": [{"name": "app", "image": "a:1"}]}})");
    pod["metadata"]["name"] = std::string(length, 'a');
    return check_pod(pod);
  };
  const std::size_t most = base::limits::kNameLengthMax - std::string("hf.default..app").size();
  EXPECT_TRUE(checked(most));
  const auto status = checked(most + 1);
  ASSERT_FALSE(status);
  EXPECT_TRUE(status.error().message().starts_with("metadata.name: a container would be called"))
      << status.error().message();
}

TEST(WorkloadClaims, EveryExamplePassesItsCheck) {
  EXPECT_TRUE(check_pod(json(kPodExample)));
  EXPECT_TRUE(check_deployment(json(kDeploymentExample)));
  EXPECT_TRUE(check_daemon_set(json(kDaemonSetExample)));
  EXPECT_TRUE(check_job(json(kJobExample)));
  EXPECT_TRUE(check_cron_job(json(kCronJobExample)));
}

/// Until a driver does them: a kind in the table would be an ability of every agent.
TEST(WorkloadKinds, AreNotGivenToNodesYet) {
  for (const char* example : {kDeploymentExample, kDaemonSetExample, kJobExample, kCronJobExample}) {
    const auto resource = parse_resource(std::string_view(example));
    ASSERT_FALSE(resource);
    EXPECT_EQ(resource.error().code(), base::Code::kUnsupported);
    EXPECT_TRUE(resource.error().message().starts_with("kind: ")) << resource.error().message();
  }
}

}  // namespace
}  // namespace holdfast::sync
