// SPDX-License-Identifier: Apache-2.0
#include "hub/store_watch.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/fake_clock.hpp"
#include "base/limits/hub.hpp"
#include "base/log.hpp"
#include "hub/recovery.hpp"
#include "hub/tables.hpp"
#include "sync/store/fake_damage.hpp"
#include "sync/store/fake_store.hpp"
#include "sync/store/lmdb_store.hpp"

namespace holdfast::hub {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Status;

std::string logged;

class StoreWatchTest : public testing::Test {
 protected:
  double failures() { return watch_.failures().samples.front().value; }
  Status store_something() { return sync::write_one(watch_, kMetaTable, "k", "v"); }

  base::FakeClock clock_;
  sync::FakeStore store_{std::vector<sync::Table>(kHubTables.begin(), kHubTables.end())};
  StoreWatch watch_{store_, clock_};
};

TEST_F(StoreWatchTest, AWriteThatIsStoredIsNoTrouble) {
  EXPECT_TRUE(store_something());
  EXPECT_FALSE(watch_.is_refusing());
  EXPECT_EQ(failures(), 0);
}

TEST_F(StoreWatchTest, ARefusedWriteIsCountedAndKeepsTheHubFromBeingReady) {
  store_.full_after(0);
  EXPECT_FALSE(store_something());
  EXPECT_FALSE(store_something());
  EXPECT_EQ(failures(), 2);
  EXPECT_TRUE(watch_.is_refusing());
  store_.full_after(std::nullopt);
  EXPECT_TRUE(store_something());
  EXPECT_FALSE(watch_.is_refusing());
}

TEST_F(StoreWatchTest, WhenNothingIsWrittenItTriesByItselfAndLeavesNothing) {
  store_.full_after(0);
  EXPECT_FALSE(store_something());
  clock_.advance(base::limits::kRetryInterval);
  EXPECT_TRUE(watch_.is_refusing());
  EXPECT_EQ(failures(), 2) << "it was tried";
  EXPECT_TRUE(watch_.is_refusing());
  EXPECT_EQ(failures(), 2) << "and not again at once";
  store_.full_after(std::nullopt);
  clock_.advance(base::limits::kRetryInterval);
  EXPECT_FALSE(watch_.is_refusing());
  std::size_t records = 0;
  EXPECT_TRUE(store_.read([&](sync::ReadTxn& txn) {
    return txn.scan(kMetaTable, "", [&](std::string_view, std::string_view) { return ++records != 0; });
  }));
  EXPECT_EQ(records, 0U);
}

TEST_F(StoreWatchTest, WhatIsRefusedForItsContentIsNoFailureOfTheStore) {
  EXPECT_FALSE(
      watch_.write([](sync::WriteTxn&) -> Status { return base::fail(Code::kConflict, "changed"); }));
  EXPECT_EQ(failures(), 0);
  EXPECT_FALSE(watch_.is_refusing());
}

TEST_F(StoreWatchTest, DamageThatAWriteMeetsIsLoggedWithItsWayOut) {
  std::string name = fs::temp_directory_path() / "hf-watch-XXXXXX";
  const fs::path folder = ::mkdtemp(name.data());
  const std::string path = folder / "store";
  {
    auto file = sync::LmdbStore::open(hub_store(path));
    ASSERT_TRUE(file) << file.error().message();
    StoreWatch watch(**file, clock_);
    for (const char* value : {"one", "two"}) ASSERT_TRUE(sync::write_one(watch, kMetaTable, "k", value));
    ASSERT_TRUE(sync::zero_free_list(path));
    logged.clear();
    base::log::set_sink([](base::log::Level, std::string_view line) { logged += line; });
    const Status refused = sync::write_one(watch, kMetaTable, "k", "three");
    base::log::set_sink(nullptr);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Code::kCorrupt);
    EXPECT_TRUE(watch.is_refusing());
    EXPECT_NE(logged.find(kDamagedStoreWayOut), std::string::npos) << logged;
  }
  fs::remove_all(folder);
}

}  // namespace
}  // namespace holdfast::hub
