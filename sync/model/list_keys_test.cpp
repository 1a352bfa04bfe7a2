// SPDX-License-Identifier: Apache-2.0
#include "sync/model/list_keys.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "sync/model/text.hpp"

namespace holdfast::sync {
namespace {

std::string keys_of(std::string_view group, std::string_view kind, std::string_view path) {
  std::vector<std::string> parts;
  for (const auto part : split(path, '/')) parts.emplace_back(part);
  const auto keys = list_keys(group, kind, parts);
  if (keys.is_set) return "set";
  std::string out;
  for (const auto member : keys.members) out.append(out.empty() ? "" : "+").append(member);
  EXPECT_EQ(out.empty(), keys.is_replaced());
  return out.empty() ? "replaced" : out;
}

TEST(ListKeys, AreThoseOfThePodWhereverAKindHoldsIt) {
  EXPECT_EQ(keys_of("", "Pod", "spec/containers"), "name");
  EXPECT_EQ(keys_of("", "Pod", "spec/initContainers/env"), "name");
  EXPECT_EQ(keys_of("apps", "Deployment", "spec/template/spec/containers/ports"), "containerPort+protocol");
  EXPECT_EQ(keys_of("apps", "DaemonSet", "spec/template/spec/containers/volumeMounts"), "mountPath");
  EXPECT_EQ(keys_of("batch", "Job", "spec/template/spec/volumes"), "name");
  EXPECT_EQ(keys_of("batch", "CronJob", "spec/jobTemplate/spec/template/spec/hostAliases"), "ip");
  EXPECT_EQ(keys_of("apps", "Deployment", "spec/template/spec/topologySpreadConstraints"),
            "topologyKey+whenUnsatisfiable");
}

TEST(ListKeys, OtherListsAreReplaced) {
  EXPECT_EQ(keys_of("", "Pod", "spec/tolerations"), "replaced");
  EXPECT_EQ(keys_of("", "Pod", "spec/containers/args"), "replaced");
  EXPECT_EQ(keys_of("", "Pod", "spec/containers/envFrom"), "replaced");
  EXPECT_EQ(keys_of("", "Pod", "spec/volumes/configMap/items"), "replaced");
  EXPECT_EQ(keys_of("apps", "Deployment", "spec/containers"), "replaced") << "not where its pods are";
  EXPECT_EQ(keys_of("batch", "CronJob", "spec/template/spec/containers"), "replaced");
}

TEST(ListKeys, OfKindsThatAreNotKubernetesAreNotKnown) {
  EXPECT_EQ(keys_of("holdfast.dev", "Process", "spec/env"), "replaced");
  EXPECT_EQ(keys_of("example.com", "Deployment", "spec/template/spec/containers"), "replaced");
  EXPECT_EQ(keys_of("holdfast.dev", "File", "metadata/finalizers"), "replaced");
}

TEST(ListKeys, OfMetadata) {
  EXPECT_EQ(keys_of("", "ConfigMap", "metadata/finalizers"), "set");
  EXPECT_EQ(keys_of("apps", "Deployment", "spec/template/metadata/finalizers"), "set");
  EXPECT_EQ(keys_of("", "Secret", "metadata/ownerReferences"), "uid");
}

}  // namespace
}  // namespace holdfast::sync
