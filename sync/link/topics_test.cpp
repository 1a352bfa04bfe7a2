// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sync/link/link.hpp"

namespace holdfast::sync {
namespace {

const NodeUid kNode{"6f1de2d5-33b5-4a0a-bb0d-2a7c6b7a1c11"};

std::string root() { return "hf/1/" + std::to_string(shard_of(kNode)) + "/" + kNode.str(); }

TEST(Topics, AreUnderShardAndUid) {
  EXPECT_EQ(Topics::up(kNode), root() + "/up");
  EXPECT_EQ(Topics::down(kNode), root() + "/dn");
  EXPECT_EQ(Topics::presence(kNode), root() + "/up/presence");
  EXPECT_EQ(Topics::all_up(), "hf/1/+/+/up/#");
}

TEST(Topics, NameTheirNode) {
  for (const auto& topic : {Topics::up(kNode), Topics::down(kNode), Topics::presence(kNode)}) {
    const auto node = Topics::node_of(topic);
    ASSERT_TRUE(node) << topic << ": " << node.error().message();
    EXPECT_EQ(*node, kNode);
  }
}

TEST(Topics, ForeignOnesNameNobody) {
  const std::string other_shard = std::to_string((shard_of(kNode) + 1) % 256);
  const std::vector<std::string> rows = {
      "",
      "hf",
      "hf/1/",
      "hf/2/" + root().substr(5) + "/up",
      "hf/1/" + other_shard + "/" + kNode.str() + "/up",
      root(),
      root() + "/",
      root() + "/upper",
      root() + "/side",
      "hf/1/0/+/up",
      "hf/1/0/#",
      "hf/1/0//up",
      "hf/1/0/../up",
      "$SYS/broker/version",
      "x" + Topics::up(kNode),
      "hf/1/0" + std::to_string(shard_of(kNode)) + "/" + kNode.str() + "/up",
  };
  for (const auto& topic : rows) EXPECT_FALSE(Topics::node_of(topic)) << topic;
}

}  // namespace
}  // namespace holdfast::sync
