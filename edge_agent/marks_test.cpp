// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/marks.hpp"

#include <gtest/gtest.h>

#include "base/fake_random.hpp"
#include "base/limits/agent.hpp"

namespace holdfast::edge_agent {
namespace {

const sync::ResourceKey kKey{.group = "holdfast.dev", .kind = "File", .ns = "default", .name = "motd"};
const sync::Claim kHere{sync::ClaimKind::kPath, "/etc/motd"};
const sync::Claim kThere{sync::ClaimKind::kPath, "/etc/other"};

base::MacKey key_of(std::uint64_t seed) {
  base::FakeRandom random(seed);
  return base::make_mac_key(random);
}

TEST(Marks, AreOursAtThePlaceTheyWereMadeFor) {
  const Marks marks(sync::NodeUid("node"), key_of(1));
  EXPECT_EQ(marks.owner(marks.make(kHere, kKey), kHere), kKey);
}

TEST(Marks, AreNobodysElsewhereOnAnotherNodeOrWithAnotherKey) {
  const Marks marks(sync::NodeUid("node"), key_of(1));
  const auto mark = marks.make(kHere, kKey);
  EXPECT_FALSE(marks.owner(mark, kThere));
  EXPECT_FALSE(Marks(sync::NodeUid("other"), key_of(1)).owner(mark, kHere));
  EXPECT_FALSE(Marks(sync::NodeUid("node"), key_of(2)).owner(mark, kHere));
}

TEST(Marks, ThatAreMalformedAreNobodys) {
  const Marks marks(sync::NodeUid("node"), key_of(1));
  std::string changed = marks.make(kHere, kKey);
  changed.back() = changed.back() == '0' ? '1' : '0';
  for (const auto& mark :
       {std::string(), std::string("1 "), std::string("1 holdfast.dev/File/default/motd"),
        std::string("2 x y"), changed, std::string(base::limits::kMarkBytesMax + 1, 'x')}) {
    EXPECT_FALSE(marks.owner(mark, kHere)) << mark.substr(0, 60);
  }
}

TEST(Marks, FitIntoTheirLimitForTheLongestName) {
  const Marks marks(sync::NodeUid(std::string(36, 'u')), key_of(1));
  sync::ResourceKey key = kKey;
  key.ns = std::string(63, 'n');
  key.name = std::string(253, 'm');
  const auto mark = marks.make(kHere, key);
  EXPECT_LE(mark.size(), base::limits::kMarkBytesMax);
  EXPECT_EQ(marks.owner(mark, kHere), key);
}

TEST(Marks, TellsWhatWasThereBeforeAndNobodyCanMakeThatUp) {
  const Marks marks(sync::NodeUid("node-1"), base::MacKey{1});
  const sync::Claim claim{sync::ClaimKind::kPath, "/etc/motd"};
  const auto key = *sync::ResourceKey::parse("holdfast.dev/File/default/motd");
  const auto made = marks.make(claim, key);
  const auto taken = marks.make(claim, key, Marks::Origin::kWasThere);
  EXPECT_NE(made, taken);
  EXPECT_EQ(marks.owner(taken, claim), key);
  EXPECT_EQ(marks.origin(taken, claim), Marks::Origin::kWasThere);
  EXPECT_EQ(marks.origin(made, claim), Marks::Origin::kMade);
  EXPECT_FALSE(marks.owner(taken, {sync::ClaimKind::kPath, "/etc/other"}));
}

}  // namespace
}  // namespace holdfast::edge_agent
