// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/store_rescue.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "edge_agent/fake_fleet.hpp"
#include "edge_agent/state_records.hpp"
#include "edge_agent/store_key.hpp"
#include "edge_agent/tables.hpp"
#include "sync/store/fake_damage.hpp"

namespace holdfast::edge_agent {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Error;

const std::string kEntry = sync::encode_inventory_entry(
    {.claim = path_claim("/etc/a"),
     .key = {.group = "holdfast.dev", .kind = "File", .ns = "default", .name = "a"},
     .application = sync::ApplicationUid("uid-app"),
     .made_by = base::Digest::of("section"),
     .effective = base::Digest::of("spec"),
     .phase = sync::InventoryPhase::kApplied});

/// Where a kill stops a rescue.
enum class Killed { kWhileCopying, kAfterCopying, kAfterSettingAside, kAfterAll };

class StoreRescue : public testing::TestWithParam<Killed> {
 public:
  StoreRescue() {
    std::string name = testing::TempDir() + "holdfast-rescue-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~StoreRescue() override { fs::remove_all(folder_); }

 protected:
  std::string path() const { return folder_ + "/store"; }
  void make_store() {
    const auto store = open_agent_store(path());
    ASSERT_TRUE(store) << store.error().message();
    ASSERT_TRUE(sync::write_one(**store, kInventoryTable, "path:/etc/a", kEntry));
    ASSERT_TRUE(sync::write_one(**store, kMetaTable, "command_counter", "41"));
  }
  void rescue_until(Killed killed) {
    if (killed == Killed::kWhileCopying) {
      std::ofstream(path() + ".rescued") << "half a store";
      return;
    }
    const auto key = load_or_make_store_key(path());
    ASSERT_TRUE(key && copy_to_rescued(path(), key->key));
    if (killed == Killed::kAfterCopying) return;
    ASSERT_TRUE(sync::set_aside_store(path()));
    if (killed == Killed::kAfterSettingAside) return;
    ASSERT_TRUE(end_rescue(path()));
  }
  /// What the program does at its next start, where the damage was in a record.
  std::unique_ptr<sync::LmdbStore> next_start() {
    const bool is_old = fs::exists(path()) && !fs::exists(path() + ".corrupt-1");
    auto store = open_agent_store(path());
    if (store && is_old) {
      store->reset();
      store = rescue_agent_store(path(), Error(Code::kCorrupt, "inventory/path:/etc/b"));
    }
    EXPECT_TRUE(store) << store.error().message();
    return store ? *std::move(store) : nullptr;
  }
  static std::string value(sync::Store& store, sync::Table table, std::string_view key) {
    const auto found = sync::read_one(store, table, key);
    return found ? found->value_or("nothing") : found.error().message();
  }
  void expect_nothing_beside() const {
    for (const char* suffix : {".rescued", ".rescued-lock", ".rescued-owner"})
      EXPECT_FALSE(fs::exists(path() + suffix)) << suffix;
  }

  std::string folder_;
};

TEST_P(StoreRescue, KilledAnywhereTheNextStartHasWhatStillReadAndDeletesNothing) {
  make_store();
  rescue_until(GetParam());
  const auto store = next_start();
  ASSERT_TRUE(store);
  EXPECT_EQ(value(*store, kInventoryTable, "path:/etc/a"), kEntry);
  EXPECT_EQ(value(*store, kMetaTable, "command_counter"), "41");
  EXPECT_EQ(value(*store, kMetaTable, kDeletesForbiddenKey), "1");
  expect_nothing_beside();
  EXPECT_TRUE(fs::exists(path() + ".corrupt-1"));
}

TEST_P(StoreRescue, OfAFileThatDoesNotEvenOpenDeletesNothing) {
  const std::string garbage(1U << 16U, 'g');
  std::ofstream(path()) << garbage;
  rescue_until(GetParam());
  const auto store = open_agent_store(path());
  ASSERT_TRUE(store) << store.error().message();
  EXPECT_EQ(value(**store, kMetaTable, kDeletesForbiddenKey), "1");
  expect_nothing_beside();
  EXPECT_EQ(fs::file_size(path() + ".corrupt-1"), garbage.size()) << "kept for who wants to look";
}

INSTANTIATE_TEST_SUITE_P(Table, StoreRescue,
                         testing::Values(Killed::kWhileCopying, Killed::kAfterCopying,
                                         Killed::kAfterSettingAside, Killed::kAfterAll),
                         [](const auto& info) -> std::string {
                           switch (info.param) {
                             case Killed::kWhileCopying: return "WhileCopying";
                             case Killed::kAfterCopying: return "AfterCopying";
                             case Killed::kAfterSettingAside: return "AfterSettingAside";
                             case Killed::kAfterAll: return "AfterAll";
                           }
                           return "";
                         });

// LMDB reads it only to write: all would read, and nothing could be stored ever after.
TEST_F(StoreRescue, ADamagedListOfFreePagesCostsNothingThatIsStored) {
  make_store();
  ASSERT_TRUE(sync::zero_free_list(path()));
  const auto store = open_agent_store(path());
  ASSERT_TRUE(store) << store.error().message();
  EXPECT_TRUE(fs::exists(path() + ".corrupt-1"));
  EXPECT_EQ(value(**store, kInventoryTable, "path:/etc/a"), kEntry);
  EXPECT_EQ(value(**store, kMetaTable, kDeletesForbiddenKey), "1");
  EXPECT_TRUE(sync::write_one(**store, kMetaTable, "command_counter", "42"));
  expect_nothing_beside();
}

TEST_F(StoreRescue, WhatAWriteFoundDamagedIsRescuedWithoutAnotherLook) {
  make_store();
  const auto store = open_agent_store(path(), LastEnd::kDamaged);
  ASSERT_TRUE(store) << store.error().message();
  EXPECT_TRUE(fs::exists(path() + ".corrupt-1"));
  EXPECT_EQ(value(**store, kInventoryTable, "path:/etc/a"), kEntry);
  EXPECT_EQ(value(**store, kMetaTable, kDeletesForbiddenKey), "1");
}

TEST_F(StoreRescue, AForgedRecordIsDamageAndTheOthersAreKept) {
  make_store();
  ASSERT_TRUE(sync::forge_record(path(), kInventoryTable, "path:/etc/0", kEntry));
  {
    const auto store = open_agent_store(path());
    ASSERT_TRUE(store);
    EXPECT_EQ(sync::read_one(**store, kInventoryTable, "path:/etc/0").error().code(), Code::kCorrupt);
  }
  const auto store = rescue_agent_store(path(), Error(Code::kCorrupt, "inventory/path:/etc/0"));
  ASSERT_TRUE(store);
  EXPECT_EQ(value(**store, kInventoryTable, "path:/etc/0"), "nothing");
  EXPECT_EQ(value(**store, kInventoryTable, "path:/etc/a"), kEntry);
  EXPECT_EQ(value(**store, kMetaTable, kDeletesForbiddenKey), "1");
}

TEST_F(StoreRescue, WithoutItsKeyNothingOfAStoreIsBelieved) {
  for (const bool is_garbage : {false, true}) {
    make_store();
    if (is_garbage)
      std::ofstream(path() + "-key") << "garbage";
    else
      fs::remove(path() + "-key");
    const auto store = open_agent_store(path());
    ASSERT_TRUE(store) << store.error().message();
    EXPECT_EQ(value(**store, kInventoryTable, "path:/etc/a"), "nothing");
    EXPECT_EQ(value(**store, kMetaTable, kDeletesForbiddenKey), "1");
    EXPECT_TRUE(fs::exists(path() + (is_garbage ? ".corrupt-2" : ".corrupt-1")));
  }
}

TEST_F(StoreRescue, KilledBetweenANewKeyAndTheSettingAsideTheNextStartSetsAside) {
  for (const auto last : {LastEnd::kInOrder, LastEnd::kCrashed}) {
    fs::remove(path() + "-key");
    fs::remove(path());
    make_store();
    fs::remove(path() + "-key");
    ASSERT_TRUE(load_or_make_store_key(path())->is_new);
    auto store = open_agent_store(path(), last);
    ASSERT_TRUE(store) << store.error().message();
    if (const auto first = sync::read_one(**store, kInventoryTable, "path:/etc/a"); !first) {
      store->reset();
      store = rescue_agent_store(path(), first.error());
      ASSERT_TRUE(store);
    }
    EXPECT_EQ(value(**store, kInventoryTable, "path:/etc/a"), "nothing");
    EXPECT_EQ(value(**store, kMetaTable, kDeletesForbiddenKey), "1");
  }
}

TEST_F(StoreRescue, ALookFromBesideMakesNothing) {
  EXPECT_EQ(look_into_agent_store(path()).error().code(), Code::kNotFound);
  EXPECT_TRUE(fs::is_empty(folder_));
  make_store();
  fs::rename(path() + "-key", folder_ + "/kept");
  EXPECT_EQ(look_into_agent_store(path()).error().code(), Code::kCorrupt);
  fs::rename(folder_ + "/kept", path() + "-key");
  const auto store = look_into_agent_store(path());
  ASSERT_TRUE(store);
  EXPECT_EQ(value(**store, kInventoryTable, "path:/etc/a"), kEntry);
}

TEST_F(StoreRescue, ASoundStoreIsOpenedAsItIs) {
  make_store();
  const auto store = open_agent_store(path());
  ASSERT_TRUE(store);
  EXPECT_EQ(value(**store, kInventoryTable, "path:/etc/a"), kEntry);
  EXPECT_EQ(value(**store, kMetaTable, kDeletesForbiddenKey), "nothing");
  EXPECT_FALSE(fs::exists(path() + ".corrupt-1"));
}

}  // namespace
}  // namespace holdfast::edge_agent
