// SPDX-License-Identifier: Apache-2.0
// What the hub keeps of secrets: nodes' keys, ciphertexts, and what is still to be made, in batches.
#include "hub/secret_book.hpp"

#include <gtest/gtest.h>

#include "base/fake_random.hpp"
#include "base/limits/secrets.hpp"
#include "hub/tables.hpp"
#include "sync/store/fake_store.hpp"

namespace holdfast::hub {
namespace {

using base::Digest;
namespace limits = base::limits;

base::SealingPublicKey key_of_seed(std::uint64_t seed) {
  base::FakeRandom random(seed);
  return base::SealingKey::generate(random).public_key();
}

class SecretBookTest : public testing::Test {
 protected:
  static gitops::SealedSecret secret(const std::string& name, std::size_t bytes = 8) {
    return {"default", name, key_of_seed(1).id(), {{"k", std::string(bytes, 'x')}}, Digest::of(name)};
  }
  static sync::NodeUid node(std::size_t i) { return sync::NodeUid("n" + std::to_string(i)); }
  static SealedFor made(const std::string& name, const base::SealingPublicKey& key) {
    return {Digest::of(name), key.id(), {{"k", "sealed " + name}}};
  }

  sync::FakeStore store{std::vector<sync::Table>(kHubTables.begin(), kHubTables.end())};
  SecretBook book{store};
};

TEST_F(SecretBookTest, KeysAndCiphertextsOutliveTheHub) {
  ASSERT_TRUE(book.set_node_key(node(1), key_of_seed(2)));
  ASSERT_TRUE(book.put({made("db", key_of_seed(2))}));
  SecretBook again(store);
  ASSERT_TRUE(again.load());
  ASSERT_NE(again.node_key(node(1)), nullptr);
  EXPECT_EQ(*again.node_key(node(1)), key_of_seed(2));
  EXPECT_EQ(again.find(Digest::of("db"), key_of_seed(2).id())->value().at("k"), "sealed db");
  EXPECT_EQ(again.find(Digest::of("db"), key_of_seed(3).id()).value(), std::nullopt);
}

TEST_F(SecretBookTest, WhatWasMadeForAnEarlierKeyGoes) {
  ASSERT_TRUE(book.set_node_key(node(1), key_of_seed(2)));
  ASSERT_TRUE(book.set_node_key(node(2), key_of_seed(3)));
  ASSERT_TRUE(book.put({made("db", key_of_seed(2)), made("db", key_of_seed(3))}));
  ASSERT_TRUE(book.set_node_key(node(1), key_of_seed(4)));
  EXPECT_EQ(book.find(Digest::of("db"), key_of_seed(2).id()).value(), std::nullopt);
  EXPECT_NE(book.find(Digest::of("db"), key_of_seed(3).id()).value(), std::nullopt);
}

TEST_F(SecretBookTest, WhatWasMadeForAKeyThatIsGoneMeanwhileIsNotKept) {
  ASSERT_TRUE(book.put({made("db", key_of_seed(2))}));
  EXPECT_EQ(book.find(Digest::of("db"), key_of_seed(2).id()).value(), std::nullopt);
}

TEST_F(SecretBookTest, WhatACopiedDiskSharesStaysForTheOther) {
  ASSERT_TRUE(book.set_node_key(node(1), key_of_seed(2)));
  ASSERT_TRUE(book.set_node_key(node(2), key_of_seed(2)));
  ASSERT_TRUE(book.put({made("db", key_of_seed(2))}));
  ASSERT_TRUE(book.forget(node(1)));
  EXPECT_NE(book.find(Digest::of("db"), key_of_seed(2).id()).value(), std::nullopt);
}

TEST_F(SecretBookTest, WhatNothingInForceNeedsGoes) {
  ASSERT_TRUE(book.set_node_key(node(1), key_of_seed(2)));
  ASSERT_TRUE(book.put({made("old", key_of_seed(2)), made("new", key_of_seed(2))}));
  ASSERT_TRUE(book.drop_unused({Digest::of("new")}));
  EXPECT_EQ(book.find(Digest::of("old"), key_of_seed(2).id()).value(), std::nullopt);
  EXPECT_NE(book.find(Digest::of("new"), key_of_seed(2).id()).value(), std::nullopt);
}

TEST_F(SecretBookTest, AChildIsGivenNoMoreThanItMayBe) {
  for (std::size_t i = 0; i <= limits::kSealItemsMax; ++i) {
    ASSERT_TRUE(book.set_node_key(node(i), key_of_seed(i + 10)));
    book.want(secret("db"), node(i));
  }
  const auto first = book.take_wanted();
  EXPECT_EQ(first.nodes.size(), limits::kSealItemsMax);
  const auto second = book.take_wanted();
  EXPECT_EQ(second.nodes.size(), 1U);
  EXPECT_FALSE(book.wants_anything());
}

TEST_F(SecretBookTest, NorMoreBytes) {
  ASSERT_TRUE(book.set_node_key(node(1), key_of_seed(2)));
  for (int i = 0; i < 64; ++i)
    book.want(secret("s" + std::to_string(i), limits::kSecretValueBytesMax), node(1));
  std::size_t batches = 0;
  while (book.wants_anything()) {
    ++batches;
    const auto batch = book.take_wanted();
    ASSERT_FALSE(batch.orders.empty());
    EXPECT_LT(encode_seal_job({"", batch.orders}).size(), limits::kSealJobBytesMax);
  }
  EXPECT_GT(batches, 1U);
}

TEST_F(SecretBookTest, ANodeThatIsGoneIsNotSealedTo) {
  ASSERT_TRUE(book.set_node_key(node(1), key_of_seed(2)));
  book.want(secret("db"), node(1));
  ASSERT_TRUE(book.forget(node(1)));
  EXPECT_TRUE(book.take_wanted().orders.empty());
  EXPECT_FALSE(book.wants_anything());
}

}  // namespace
}  // namespace holdfast::hub
