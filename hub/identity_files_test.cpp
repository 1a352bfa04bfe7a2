// SPDX-License-Identifier: Apache-2.0
// What a hub may make, and what it misses.
#include "hub/identity_files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <vector>

#include "base/fake_clock.hpp"
#include "base/fake_random.hpp"
#include "base/file_io.hpp"
#include "hub/pki.hpp"
#include "hub/tables.hpp"
#include "sync/store/fake_store.hpp"

namespace holdfast::hub {
namespace {

namespace fs = std::filesystem;

/// A folder after a whole first start.
class IdentityFiles : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/hf-identity-XXXXXX";
    whole = mkdtemp(name);
    ASSERT_TRUE(open(DataFolder(whole)));
  }
  void TearDown() override {
    fs::remove_all(whole);
    fs::remove_all(whole + "-copy");
  }

  base::Result<Pki> open(const DataFolder& folder, StoreContent store = StoreContent::kNothing) {
    PkiOptions options{{"hub"}, "https://hub:8443", {"mqtts://hub:8883"}};
    options.store = store;
    return Pki::load_or_make(folder, options, clock.wall(), random);
  }
  DataFolder copy() {
    fs::remove_all(whole + "-copy");
    fs::copy(whole, whole + "-copy", fs::copy_options::recursive);
    return DataFolder(whole + "-copy");
  }

  /// In the order in which the first start makes them.
  const std::vector<std::string> made{"ca.key",       "ca.crt",       "signing.key",      "server.key",
                                      "server.crt",   "client.key",   "client.crt",       "admin.yaml",
                                      "hub.json",     "recovery.key", "recovery.key.pub", "trust.json",
                                      "ca-bundle.crt"};
  std::string whole;
  base::FakeClock clock;
  base::FakeRandom random{11};
};

TEST_F(IdentityFiles, AFirstStartThatWasKilledAnywhereIsGoneOnWith) {
  for (std::size_t there = 0; there <= made.size(); ++there) {
    const auto folder = copy();
    for (auto name = made.begin() + static_cast<std::ptrdiff_t>(there); name != made.end(); ++name)
      ASSERT_TRUE(fs::remove(folder.root() + "/" + *name)) << *name;
    const auto opened = open(folder);
    EXPECT_TRUE(opened) << there << " were there: " << opened.error().message();
  }
}

TEST_F(IdentityFiles, OneThatIsMissingWhereAHubWasIsNamedAndNotMade) {
  for (const std::string name :
       {"ca.key", "ca.crt", "signing.key", "hub.json", "recovery.key.pub", "trust.json"}) {
    const auto folder = copy();
    ASSERT_TRUE(fs::remove(folder.root() + "/" + name));
    const auto opened = open(folder);
    ASSERT_FALSE(opened) << name;
    EXPECT_EQ(opened.error().code(), base::Code::kNotFound);
    EXPECT_TRUE(opened.error().message().starts_with(folder.root() + "/" + name + " is missing while "))
        << opened.error().message();
    EXPECT_NE(opened.error().message().find("put it back from a backup"), std::string::npos);
    EXPECT_FALSE(fs::exists(folder.root() + "/" + name));
    EXPECT_FALSE(check_identity(folder, StoreContent::kRecords)) << name;
  }
}

TEST_F(IdentityFiles, WhatIsMadeAnewOrMovedAwayByPeopleIsNotMissed) {
  for (const std::string name : {"recovery.key", "ca-bundle.crt", "admin.yaml", "server.key", "server.crt",
                                 "client.key", "client.crt"}) {
    const auto folder = copy();
    ASSERT_TRUE(fs::remove(folder.root() + "/" + name));
    const auto opened = open(folder, StoreContent::kRecords);
    EXPECT_TRUE(opened) << name << ": " << opened.error().message();
  }
}

TEST_F(IdentityFiles, AllOfThemAreMissedWhereTheStoreHoldsAnything) {
  const auto folder = copy();
  for (const auto& name : made) fs::remove(folder.root() + "/" + name);
  EXPECT_FALSE(is_any_identity_there(folder));
  const auto refused = open(folder, StoreContent::kRecords);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("store holds what a hub stored"), std::string::npos);
  EXPECT_NE(refused.error().message().find("holdfast-hub recover"), std::string::npos);
  EXPECT_FALSE(is_any_identity_there(folder)) << "nothing was made";
  EXPECT_TRUE(open(folder)) << "a sealing key that a person brings along, and nothing else";
}

TEST_F(IdentityFiles, AStoreWithItsSchemaAloneHoldsNothing) {
  sync::FakeStore store{{kHubTables.begin(), kHubTables.end()}};
  ASSERT_TRUE(sync::write_one(store, kMetaTable, "schema", "1"));
  EXPECT_EQ(content_of_store(store).value(), StoreContent::kNothing);
  ASSERT_TRUE(sync::write_one(store, kSessionTable, "n", "1"));
  EXPECT_EQ(content_of_store(store).value(), StoreContent::kRecords);
}

TEST_F(IdentityFiles, DamageIsNamedWithTheFileAndTheWayOut) {
  for (const std::string name :
       {"ca.key", "ca.crt", "signing.key", "hub.json", "recovery.key.pub", "trust.json"}) {
    const auto folder = copy();
    ASSERT_TRUE(base::write_file(folder.root() + "/" + name, "{garbage", 0600));
    const auto opened = open(folder);
    ASSERT_FALSE(opened) << name;
    EXPECT_NE(opened.error().message().find(folder.root() + "/" + name), std::string::npos)
        << opened.error().message();
    EXPECT_NE(opened.error().message().find("from a backup"), std::string::npos) << opened.error().message();
  }
}

TEST_F(IdentityFiles, AStartThatChangesNothingWritesNothing) {
  const auto folder = copy();
  const auto inode = [&folder](const std::string& name) {
    struct stat info{};
    EXPECT_EQ(::stat((folder.root() + "/" + name).c_str(), &info), 0) << name;
    return info.st_ino;
  };
  std::vector<ino_t> before;
  before.reserve(made.size());
  for (const auto& name : made) before.push_back(inode(name));
  ASSERT_TRUE(open(folder));
  for (std::size_t i = 0; i < made.size(); ++i) EXPECT_EQ(inode(made[i]), before[i]) << made[i];
}

}  // namespace
}  // namespace holdfast::hub
