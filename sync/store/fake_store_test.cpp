// SPDX-License-Identifier: Apache-2.0
#include "sync/store/fake_store.hpp"

#include <gtest/gtest.h>

namespace holdfast::sync {
namespace {

using base::Code;

constexpr Table kState{"state"};

std::string value_of(FakeStore& store, std::string_view key) {
  const auto value = read_one(store, kState, key);
  return value ? value->value_or("(none)") : "error: " + value.error().message();
}

TEST(FakeStore, CrashBeforeCommitDropsTheTransactionWhole) {
  FakeStore store({kState});
  ASSERT_TRUE(write_one(store, kState, "a", "old"));
  store.on_commit([] { return FakeStore::AtCommit::kCrashBefore; });
  EXPECT_FALSE(store.write([](WriteTxn& txn) -> base::Status {
    HF_CHECK(txn.put(kState, "a", "new"));
    return txn.put(kState, "b", "new");
  }));
  EXPECT_TRUE(store.crashed());
  EXPECT_FALSE(read_one(store, kState, "a")) << "nothing works while the machine is down";
  store.restart();
  EXPECT_EQ(value_of(store, "a"), "old");
  EXPECT_EQ(value_of(store, "b"), "(none)");
}

TEST(FakeStore, CrashAfterCommitKeepsWhatTheCallerNeverHeardOf) {
  FakeStore store({kState});
  store.on_commit([] { return FakeStore::AtCommit::kCrashAfter; });
  EXPECT_FALSE(write_one(store, kState, "a", "new"));
  store.restart();
  EXPECT_EQ(value_of(store, "a"), "new");
}

TEST(FakeStore, CrashInsideATransactionDropsIt) {
  FakeStore store({kState});
  EXPECT_FALSE(store.write([&](WriteTxn& txn) -> base::Status {
    HF_CHECK(txn.put(kState, "a", "new"));
    store.crash();
    return {};
  }));
  store.restart();
  EXPECT_EQ(value_of(store, "a"), "(none)");
}

TEST(FakeStore, LosesUnsyncedCommitsWhereToldTo) {
  FakeStore store({kState});
  store.lose_unsynced(true);
  ASSERT_TRUE(write_one(store, kState, "a", "1"));
  store.sync();
  ASSERT_TRUE(write_one(store, kState, "a", "2"));
  ASSERT_TRUE(write_one(store, kState, "a", "3"));
  ASSERT_TRUE(write_one(store, kState, "b", "3"));
  EXPECT_EQ(value_of(store, "a"), "3");
  store.crash();
  store.restart();
  EXPECT_EQ(value_of(store, "a"), "1");
  EXPECT_EQ(value_of(store, "b"), "(none)");
}

TEST(FakeStore, IsFullAfterSoManyCommitsAndWorksAgainWhenThereIsRoom) {
  FakeStore store({kState});
  store.full_after(2);
  EXPECT_TRUE(write_one(store, kState, "a", "1"));
  EXPECT_TRUE(write_one(store, kState, "a", "2"));
  EXPECT_EQ(write_one(store, kState, "a", "3").error().code(), Code::kNoSpace);
  EXPECT_EQ(value_of(store, "a"), "2");
  store.full_after(std::nullopt);
  EXPECT_TRUE(write_one(store, kState, "a", "3"));
  EXPECT_EQ(store.commits(), 3U);
}

TEST(FakeStore, ReadOnlyRefusesWritesAndStillReads) {
  FakeStore store({kState});
  ASSERT_TRUE(write_one(store, kState, "a", "1"));
  store.set_read_only(true);
  EXPECT_EQ(write_one(store, kState, "a", "2").error().code(), Code::kNoSpace);
  EXPECT_EQ(value_of(store, "a"), "1");
}

TEST(FakeStore, DamagedRecordIsCorruptUntilItIsWrittenAgain) {
  FakeStore store({kState});
  ASSERT_TRUE(write_one(store, kState, "a", "1"));
  store.damage(kState, "a");
  EXPECT_EQ(read_one(store, kState, "a").error().code(), Code::kCorrupt);
  EXPECT_TRUE(write_one(store, kState, "a", "2"));
  EXPECT_EQ(value_of(store, "a"), "2");
}

TEST(FakeStore, WritingNothingIsNoCommit) {
  FakeStore store({kState});
  EXPECT_TRUE(store.write([](WriteTxn& txn) { return txn.erase(kState, "never there"); }));
  EXPECT_EQ(store.commits(), 0U);
}

}  // namespace
}  // namespace holdfast::sync
