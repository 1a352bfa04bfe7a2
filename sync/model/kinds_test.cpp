// SPDX-License-Identifier: Apache-2.0
// The table of kinds and what its rows say of a resource.
#include "sync/model/kinds.hpp"

#include <gtest/gtest.h>

#include <set>

namespace holdfast::sync {
namespace {

Resource parsed(std::string_view json) {
  auto resource = parse_resource(json);
  EXPECT_TRUE(resource) << resource.error().message();
  return resource ? *resource : Resource{};
}

TEST(Kinds, AreFoundByGroupAndKind) {
  ASSERT_NE(find_kind("holdfast.dev", "File"), nullptr);
  EXPECT_EQ(find_kind("holdfast.dev", "File")->version, "v1");
  EXPECT_NE(find_kind("", "ConfigMap"), nullptr);
  EXPECT_EQ(find_kind("", "File"), nullptr);
  EXPECT_EQ(find_kind("holdfast.dev", "file"), nullptr);
}

TEST(Kinds, AreAppliedConfigMapsFirstAndProcessesLast) {
  EXPECT_EQ(find_kind("", "ConfigMap")->apply_order, 0);
  EXPECT_EQ(find_kind("holdfast.dev", "File")->apply_order, 10);
  EXPECT_EQ(find_kind("holdfast.dev", "Unit")->apply_order, 40);
  EXPECT_EQ(find_kind("holdfast.dev", "Process")->apply_order, 50);
  EXPECT_EQ(find_kind("", "Pod")->apply_order, 60);
  EXPECT_EQ(find_kind("apps", "Deployment")->apply_order, 61);
  EXPECT_EQ(find_kind("apps", "DaemonSet")->apply_order, 62);
  EXPECT_EQ(find_kind("batch", "Job")->apply_order, 63);
  EXPECT_EQ(find_kind("batch", "CronJob")->apply_order, 64);
}

TEST(Kinds, StandInTheTableOnce) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const auto& info : all_kinds()) EXPECT_TRUE(seen.emplace(info.group, info.kind).second) << info.kind;
}

TEST(Abilities, AreSortedAndFrozen) {
  EXPECT_EQ(all_abilities(),
            (std::vector<std::string>{"configmap/1", "cronjob/1", "daemonset/1", "delta/1", "deployment/1",
                                      "file/1", "hook-workload/1", "hook/1", "job/1", "parts/1", "pod/1",
                                      "process-min-ready/1", "process/1", "secret/1", "unit-min-ready/1",
                                      "unit/1"}));
}

TEST(Claims, OfAFileAreItsPathInNormalForm) {
  EXPECT_EQ(claims_of(parsed(R"({"apiVersion": "holdfast.dev/v1", "kind": "File", "metadata": {"name": "a"},
                                 "spec": {"path": "/etc//a", "content": ""}})")),
            (std::vector<Claim>{{ClaimKind::kPath, "/etc/a"}}));
}

TEST(Claims, OfAProcessAreItsNamespaceAndName) {
  EXPECT_EQ(claims_of(parsed(R"({"apiVersion": "holdfast.dev/v1", "kind": "Process",
                                 "metadata": {"name": "cam", "namespace": "front"}, "spec": {"command": ["a"]}})")),
            (std::vector<Claim>{{ClaimKind::kProcess, "front/cam"}}));
}

TEST(Claims, OfAUnitAreTheUnitAndTheFileThatItWrites) {
  const auto claims = [](const std::string& spec) {
    return claims_of(
        parsed(R"({"apiVersion": "holdfast.dev/v1", "kind": "Unit", "metadata": {"name": "a"}, "spec": )" +
               spec + "}"));
  };
  EXPECT_EQ(claims(R"({"name": "a.service", "state": "running"})"),
            (std::vector<Claim>{{ClaimKind::kUnit, "a.service"}}));
  EXPECT_EQ(claims(R"({"name": "a.service", "content": "[Service]"})"),
            (std::vector<Claim>{{ClaimKind::kPath, "/etc/systemd/system/a.service"},
                                {ClaimKind::kUnit, "a.service"}}));
  EXPECT_EQ(claims(R"({"name": "a.service", "dropIn": {"name": "x.conf", "content": ""}})"),
            (std::vector<Claim>{{ClaimKind::kPath, "/etc/systemd/system/a.service.d/x.conf"},
                                {ClaimKind::kUnit, "a.service"}}));
}

TEST(Claims, OfAConfigMapAreNone) {
  EXPECT_TRUE(
      claims_of(parsed(R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})")).empty());
}

}  // namespace
}  // namespace holdfast::sync
