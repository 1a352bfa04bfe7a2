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
  EXPECT_EQ(
      texts(pod_claims({"", "Pod", "default", "camera"}, json(kPodExample))),
      (Texts{"container:hf.default.camera._network", "container:hf.default.camera.app",
             "container:hf.default.camera.prepare", "container:hf.default.camera.proxy", "port:tcp/80"}));
}

TEST(WorkloadClaims, AHostPathIsNobodys) {
  for (const auto& claim : pod_claims({"", "Pod", "default", "camera"}, json(kPodExample))) {
    EXPECT_NE(claim.kind, ClaimKind::kPath) << claim.text();
  }
}

TEST(WorkloadClaims, OfADeploymentIsOneForAllItsPodsHoweverMany) {
  Json deployment = json(kDeploymentExample);
  for (const int replicas : {0, 1, 7}) {
    deployment["spec"]["replicas"] = replicas;
    EXPECT_EQ(texts(deployment_claims({"apps", "Deployment", "edge", "web"}, deployment)),
              (Texts{"container:hf.edge.web-*"}));
  }
}

TEST(WorkloadClaims, APodWithANumberIsInTheClaimOfAllOfThem) {
  const auto over = [](const char* name) {
    const auto claim = claim_over({ClaimKind::kContainer, name});
    return claim ? claim->value : "";
  };
  EXPECT_EQ(over("hf.default.web-0.app"), "hf.default.web-*");
  EXPECT_EQ(over("hf.default.web-1-29384738.app"), "hf.default.web-1-*");
  EXPECT_EQ(over("hf.default.a.b-7.app"), "hf.default.a.b-*");
  for (const auto* const none : {"hf.default.web.app", "hf.default.web-x.app", "hf.default.web-.app",
                                 "hf.default.web-*", "hf.default.web.app-1", "hf", ""}) {
    EXPECT_EQ(over(none), "") << none;
  }
  EXPECT_EQ(claim_over({ClaimKind::kPort, "hf.default.web-0.app"}), std::nullopt);
}

TEST(WorkloadClaims, OfADaemonSetHasThePortsOfTheNodesNetwork) {
  EXPECT_EQ(texts(daemon_set_claims({"apps", "DaemonSet", "default", "exporter"}, json(kDaemonSetExample))),
            (Texts{"container:hf.default.exporter.app", "port:tcp/9100"}));
}

TEST(WorkloadClaims, OfJobs) {
  EXPECT_EQ(texts(job_claims({"batch", "Job", "default", "migrate"}, json(kJobExample))),
            (Texts{"container:hf.default.migrate.app"}));
  EXPECT_EQ(texts(cron_job_claims({"batch", "CronJob", "default", "report"}, json(kCronJobExample))),
            (Texts{"container:hf.default.report-*"}));
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

}  // namespace
}  // namespace holdfast::sync
