// SPDX-License-Identifier: Apache-2.0
// What goes into the child that opens secrets, and what comes back.
#include "hub/seal/seal_job.hpp"

#include <gtest/gtest.h>

#include "base/fake_random.hpp"
#include "sync/model/secret.hpp"

namespace holdfast::hub {
namespace {

base::SealingKey a_key(std::uint64_t seed) {
  base::FakeRandom random(seed);
  return base::SealingKey::generate(random);
}

struct SealJobTest : testing::Test {
  base::SealingKey old_hub = a_key(1);
  base::SealingKey hub = a_key(2);
  base::SealingKey node_a = a_key(3);
  base::SealingKey node_b = a_key(4);
  base::SealingKeys keys;

  SealJobTest() {
    keys.add(old_hub, {});
    keys.add(hub, {});
  }

  SealOrder order(const base::SealingKey& to, const std::string& sealed_as = "db") const {
    const auto place = sync::bound_to("default", sealed_as, "password");
    return {base::Digest::of("v" + sealed_as),
            "default",
            "db",
            to.public_key().id(),
            {{"password", base::seal(to.public_key(), place, "hunter2")}},
            {node_a.public_key(), node_b.public_key()}};
  }
};

TEST_F(SealJobTest, EachNodeCanOpenItsOwnAndNoOther) {
  const auto answer = seal_for_nodes({order(hub)}, keys);
  ASSERT_EQ(answer.sealed.size(), 2U);
  const auto place = sync::bound_to("default", "db", "password");
  EXPECT_EQ(answer.sealed[0].node, node_a.public_key().id());
  EXPECT_EQ(node_a.open(place, answer.sealed[0].data.at("password"))->view(), "hunter2");
  EXPECT_EQ(node_b.open(place, answer.sealed[1].data.at("password"))->view(), "hunter2");
  EXPECT_FALSE(node_a.open(place, answer.sealed[1].data.at("password")));
  EXPECT_EQ(encode_seal_answer(answer).find("hunter2"), std::string::npos);
}

TEST_F(SealJobTest, WhatWasSealedToAnOldKeyOfTheHubIsOpened) {
  EXPECT_TRUE(seal_for_nodes({order(old_hub)}, keys).failures.empty());
}

TEST_F(SealJobTest, OneThatWasCopiedUnderAnotherNameFailsAloneAndSaysHowItIsMended) {
  const auto answer = seal_for_nodes({order(hub, "other"), order(hub)}, keys);
  ASSERT_EQ(answer.failures.size(), 1U);
  EXPECT_EQ(answer.failures[0].version, base::Digest::of("vother"));
  EXPECT_EQ(
      answer.failures[0].message,
      "spec.encryptedData[\"password\"]: it was sealed for another place; seal it again for this place with "
      "`holdfast seal`");
  EXPECT_EQ(answer.sealed.size(), 2U);
}

TEST_F(SealJobTest, OneOfAKeyThatIsLostNamesTheKey) {
  const auto answer = seal_for_nodes({order(a_key(9))}, keys);
  ASSERT_EQ(answer.failures.size(), 1U);
  EXPECT_NE(answer.failures[0].message.find(a_key(9).public_key().id().hex()), std::string::npos);
}

TEST_F(SealJobTest, JobAndAnswerAreReadBack) {
  const SealJob job{"/var/lib/hub/sealing.key", {order(hub), order(old_hub)}};
  EXPECT_EQ(decode_seal_job(encode_seal_job(job)), job);
  const auto answer = seal_for_nodes({order(hub), order(hub, "other")}, keys);
  EXPECT_EQ(decode_seal_answer(encode_seal_answer(answer)), answer);
  EXPECT_EQ(
      decode_seal_answer(encode_seal_answer(base::fail(base::Code::kLimit, "too long"))).error().message(),
      "too long");
  EXPECT_FALSE(decode_seal_answer("")) << "a child that died";
}

}  // namespace
}  // namespace holdfast::hub
