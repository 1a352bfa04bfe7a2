// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/container_env.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/fake_random.hpp"
#include "base/json.hpp"

namespace holdfast::edge_agent {
namespace {

using base::Json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

class ContainerEnvTest : public ::testing::Test {
 protected:
  ContainerEnvTest() {
    keys_.add(base::SealingKey::generate(random_), {});
    secrets_.set_keys(keys_);
  }
  void add(const Json& object) {
    const auto resource = sync::parse_resource(object);
    ASSERT_TRUE(resource) << resource.error().message();
    section_.resources.push_back(*resource);
    std::ranges::sort(section_.resources, {}, &sync::Resource::key);
  }
  void config_map(const std::string& name, const Json& data) {
    add({{"apiVersion", "v1"},
         {"kind", "ConfigMap"},
         {"metadata", {{"name", name}, {"namespace", "default"}}},
         {"data", data}});
  }
  void secret(const std::string& name, const std::string& key, const std::string& value) {
    const auto& to = keys_.newest().key;
    const std::string sealed = base::seal(to.public_key(), sync::bound_to("default", name, key), value);
    add({{"apiVersion", "v1"},
         {"kind", "Secret"},
         {"metadata", {{"name", name}, {"namespace", "default"}}},
         {"data", sync::sealed_data(base::Digest::of(value), to.public_key().id(), {{key, sealed}})}});
  }
  /// Of the first container of a pod with this much in it.
  base::Result<ContainerEnv> env(const std::string& of_container) {
    const auto object = base::parse_json(
        R"({"metadata":{"name":"web","labels":{"tier":"front"},"annotations":{"note":"n"}},"spec":{"containers":[
        {"name":"app","image":"a:1",)" +
        of_container + R"(},{"name":"other","image":"a:1","resources":{"limits":{"memory":"64Mi"}}}]}})");
    if (!object) return base::fail(object.error());
    HF_TRY(const auto pod, sync::parse_pod(*object));
    References references(section_);
    const PodId id{"default", "web"};
    return container_env({id, pod, pod.spec.containers.front()}, references, {secrets_, marks_, "node-1"});
  }

  base::FakeRandom random_{7};
  base::SealingKeys keys_;
  SecretOpener secrets_;
  Marks marks_{sync::NodeUid("node"), base::MacKey{}};
  sync::Section section_;
};

TEST_F(ContainerEnvTest, TheLastOfANameCounts) {
  config_map("conf", {{"A", "from the map"}, {"B", "b"}});
  const auto got = env(R"("envFrom":[{"configMapRef":{"name":"conf"}}],"env":[{"name":"A","value":"own"}])");
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_THAT(got->variables, ElementsAre(Pair("B", "b"), Pair("A", "own")));
}

TEST_F(ContainerEnvTest, NamesThatAreNoneAreLeftOutWhereAllAreTaken) {
  config_map("conf", {{"1st", "x"}, {"OK", "y"}});
  const auto got = env(R"("envFrom":[{"configMapRef":{"name":"conf"}}])");
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_THAT(got->variables, ElementsAre(Pair("OK", "y")));
}

TEST_F(ContainerEnvTest, ValuesReferToThoseBeforeThem) {
  const auto got = env(R"json("env":[{"name":"LATE","value":"$(HOST)"},{"name":"HOST","value":"db"},
      {"name":"URL","value":"http://$(HOST)/$$(HOST)"}])json");
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_THAT(got->variables,
              ElementsAre(Pair("LATE", "$(HOST)"), Pair("HOST", "db"), Pair("URL", "http://db/$(HOST)")));
  EXPECT_THAT(expanded({"--to=$(HOST)", "$(NONE)"}, *got), ElementsAre("--to=db", "$(NONE)"));
}

TEST_F(ContainerEnvTest, FieldsOfThePodAndOfItsContainers) {
  const auto got = env(R"json("env":[
      {"name":"N","valueFrom":{"fieldRef":{"fieldPath":"metadata.namespace"}}},
      {"name":"L","valueFrom":{"fieldRef":{"fieldPath":"metadata.labels['tier']"}}},
      {"name":"O","valueFrom":{"fieldRef":{"fieldPath":"metadata.annotations['none']"}}},
      {"name":"M","valueFrom":{"resourceFieldRef":{"containerName":"other","resource":"limits.memory","divisor":"1Mi"}}}])json");
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_THAT(got->variables,
              ElementsAre(Pair("N", "default"), Pair("L", "front"), Pair("O", ""), Pair("M", "64")));
}

TEST_F(ContainerEnvTest, WhatIsNotThereIsMissedUnlessItIsOptional) {
  for (const char* one :
       {R"("envFrom":[{"configMapRef":{"name":"none"}}])", R"("envFrom":[{"secretRef":{"name":"none"}}])",
        R"("env":[{"name":"A","valueFrom":{"configMapKeyRef":{"name":"none","key":"a"}}}])",
        R"("env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"none","key":"a"}}}])"}) {
    const auto got = env(one);
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_THAT(got->missing, HasSubstr("/none")) << one;
    EXPECT_NE(got->stands_for, env("")->stands_for) << one;
  }
  for (const char* one :
       {R"("envFrom":[{"secretRef":{"name":"none","optional":true}}])",
        R"("env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"none","key":"a","optional":true}}}])"}) {
    const auto got = env(one);
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_THAT(got->variables, IsEmpty()) << one;
    EXPECT_EQ(got->missing, "") << one;
  }
}

TEST_F(ContainerEnvTest, OfASecretNothingThatCouldBeGuessedStandsInTheDigest) {
  secret("db", "password", "hunter2");
  constexpr const char* kOne =
      R"("env":[{"name":"P","valueFrom":{"secretKeyRef":{"name":"db","key":"password"}}}])";
  const auto secret_env = env(kOne);
  ASSERT_TRUE(secret_env) << secret_env.error().message();
  EXPECT_THAT(secret_env->variables, ElementsAre(Pair("P", "hunter2")));
  EXPECT_EQ(env(kOne)->stands_for, secret_env->stands_for) << "the same in every run";
  EXPECT_NE(env(R"("env":[{"name":"P","value":"hunter2"}])")->stands_for, secret_env->stands_for);
  EXPECT_THAT(secret_env->stands_for, Not(HasSubstr("hunter2")));
}

TEST_F(ContainerEnvTest, ASecretThatCannotBeOpenedIsSaid) {
  secret("db", "password", "hunter2");
  base::SealingKeys others;
  base::FakeRandom random{8};
  others.add(base::SealingKey::generate(random), {});
  secrets_.set_keys(others);
  const auto got = env(R"("envFrom":[{"secretRef":{"name":"db"}}])");
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_TRUE(got->unreadable);
  EXPECT_THAT(got->variables, ElementsAre(Pair("password", "")));
}

}  // namespace
}  // namespace holdfast::edge_agent
