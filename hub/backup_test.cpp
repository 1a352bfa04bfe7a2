// SPDX-License-Identifier: Apache-2.0
#include "hub/backup.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <thread>

#include "base/fake_clock.hpp"
#include "base/fake_random.hpp"
#include "base/file_io.hpp"
#include "base/limits/backup.hpp"
#include "hub/pki.hpp"
#include "hub/recovery.hpp"
#include "hub/sealing_key_file.hpp"
#include "hub/tables.hpp"
#include "sync/store/fake_damage.hpp"

namespace holdfast::hub {
namespace {

namespace fs = std::filesystem;
using base::Code;

constexpr std::size_t kReadMax = 32U << 20U;

/// A hub's folder with real keys and a store in which key "k" says `value`.
class Backup : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/hf-backup-XXXXXX";
    root_ = mkdtemp(name);
    hub_ = DataFolder(root_ + "/hub");
    backup_ = root_ + "/backup";
    make_hub();
  }
  void TearDown() override { fs::remove_all(root_); }

  void make_hub() {
    ASSERT_TRUE(base::make_private_directory(hub_.root()));
    ASSERT_TRUE(open_pki(hub_));
    ASSERT_TRUE(base::make_private_directory(hub_.old_cas()));
    ASSERT_TRUE(base::write_file(hub_.old_cas() + "/0011.crt", read(hub_.ca_certificate()), 0644));
    say("one");
  }
  base::Result<Pki> open_pki(const DataFolder& folder) {
    return Pki::load_or_make(folder, {{"hub"}, "https://hub:8443", {"mqtts://hub:8883"}}, clock_.wall(),
                             random_);
  }
  std::unique_ptr<sync::LmdbStore> open_store(const DataFolder& folder) {
    auto store = sync::LmdbStore::open(hub_store(folder.store()));
    EXPECT_TRUE(store) << store.error().message();
    return std::move(*store);
  }
  void say(const std::string& value) {
    EXPECT_TRUE(
        open_store(hub_)->write([&](sync::WriteTxn& txn) { return txn.put(kMetaTable, "k", value); }));
  }
  std::string said(const DataFolder& folder) {
    std::string out;
    EXPECT_TRUE(open_store(folder)->read([&](sync::ReadTxn& txn) -> base::Status {
      HF_TRY(const auto value, txn.get(kMetaTable, "k"));
      out = std::string(value.value_or("nothing"));
      return {};
    }));
    return out;
  }
  std::string read(const std::string& path) { return base::read_file(path, kReadMax).value_or("(none)"); }
  base::Result<BackupManifest> back_up() { return hub::back_up(hub_, backup_, clock_.wall()); }

  std::string root_;
  DataFolder hub_{""};
  std::string backup_;
  base::FakeClock clock_;
  base::FakeRandom random_{7};
};

TEST_F(Backup, HoldsWhatCannotBeHadAgainAndIsForItsOwnerAlone) {
  const auto made = back_up();
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(made->made, clock_.wall());
  for (const auto* name : {"ca.key", "signing.key", "hub.json", "trust.json", "ca.old/0011.crt"})
    EXPECT_EQ(read(backup_ + "/" + name), read(hub_.root() + "/" + name)) << name;
  EXPECT_FALSE(fs::exists(backup_ + "/recovery.key")) << "its copy is kept elsewhere";
  struct stat info{};
  ASSERT_EQ(::stat(backup_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
  ASSERT_EQ(::stat((backup_ + "/ca.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  const auto checked = check_backup(backup_);
  ASSERT_TRUE(checked) << checked.error().message();
  EXPECT_EQ(*checked, *made);
}

TEST_F(Backup, IsRestoredIntoAnEmptyFolder) {
  ASSERT_TRUE(back_up());
  const DataFolder other(root_ + "/other");
  const auto done = restore(other, backup_);
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(done->set_aside, "");
  EXPECT_EQ(said(other), "one");
  const auto before = open_pki(hub_);
  const auto after = open_pki(other);
  ASSERT_TRUE(before) << before.error().message();
  ASSERT_TRUE(after) << after.error().message();
  EXPECT_EQ(before->fleet(), after->fleet());
  EXPECT_FALSE(after->is_new());
}

TEST_F(Backup, WhatWasThereIsSetAsideAndNotLost) {
  ASSERT_TRUE(back_up());
  say("two");
  ASSERT_TRUE(base::write_file(hub_.sealing_key(), "made since", 0600));
  const auto done = restore(hub_, backup_);
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(said(hub_), "one");
  EXPECT_EQ(said(DataFolder(done->set_aside)), "two");
  EXPECT_EQ(read(done->set_aside + "/sealing.key"), "made since");
  EXPECT_FALSE(fs::exists(hub_.sealing_key()));
  EXPECT_TRUE(fs::exists(hub_.recovery_key())) << "it is of no backup, and stays";
  EXPECT_TRUE(check_no_restore_is_due(hub_));
}

TEST_F(Backup, ModesAreTheHubsThoughTheCopyOfACopyHasOthers) {
  ASSERT_TRUE(back_up());
  ASSERT_EQ(::chmod((backup_ + "/ca.key").c_str(), 0644), 0);
  ASSERT_EQ(::chmod((backup_ + "/ca.crt").c_str(), 0600), 0);
  const auto done = restore(hub_, backup_);
  ASSERT_TRUE(done) << done.error().message();
  struct stat info{};
  ASSERT_EQ(::stat(hub_.ca_key().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat(hub_.ca_certificate().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0644U);
}

TEST_F(Backup, AFileThatIsNoHubsIsNamedBeforeItMakesABackupThatCannotBeRestored) {
  ASSERT_TRUE(base::write_file(hub_.root() + "/admin (copy).yaml", "x", 0600));
  const auto refused = back_up();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("admin (copy).yaml: no file of a hub is called so"),
            std::string::npos);
  EXPECT_FALSE(is_backup(backup_));
}

TEST_F(Backup, AFileThatCouldNotBeSetAsideIsNamedBeforeTheHubIsKeptFromStarting) {
  ASSERT_TRUE(back_up());
  ASSERT_TRUE(base::write_file(hub_.root() + "/admin (copy).yaml", "x", 0600));
  const auto refused = restore(hub_, backup_);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("admin (copy).yaml"), std::string::npos);
  EXPECT_TRUE(check_no_restore_is_due(hub_));
  EXPECT_EQ(said(hub_), "one");
}

TEST_F(Backup, FilesThatChangeMeanwhileAreReadAgain) {
  // Pairs that belong together, renewed again and again by a hub that runs.
  const std::vector<std::string> pair{hub_.root() + "/pair.crt", hub_.root() + "/pair.key"};
  const auto renew = [&](int number) {
    for (const auto& path : pair)
      ASSERT_TRUE(base::write_file(path, std::string(200'000, static_cast<char>('a' + number % 26)), 0600));
  };
  renew(0);
  std::atomic<bool> is_over = false;
  std::thread hub([&] {
    for (int i = 1; !is_over; ++i) {
      renew(i);
      std::this_thread::sleep_for(std::chrono::milliseconds(i % 7));
    }
  });
  for (int i = 0; i < 5; ++i) {
    backup_ = root_ + "/backup-" + std::to_string(i);
    const auto made = back_up();
    if (made)
      EXPECT_EQ(read(backup_ + "/pair.crt"), read(backup_ + "/pair.key"));
    else
      EXPECT_EQ(made.error().code(), Code::kConflict) << made.error().message();
    EXPECT_EQ(is_backup(backup_), made.has_value());
  }
  is_over = true;
  hub.join();
  backup_ = root_ + "/at-rest";
  EXPECT_TRUE(back_up());
}

TEST_F(Backup, AsManyRestoresAreKeptAsTheLimitAndNoMore) {
  ASSERT_TRUE(back_up());
  for (int n = 1; n < base::limits::kRestoresKeptMax; ++n)
    ASSERT_TRUE(fs::create_directory(hub_.root() + "/before-restore-" + std::to_string(n)));
  ASSERT_TRUE(restore(hub_, backup_));
  const auto refused = restore(hub_, backup_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kLimit);
  EXPECT_TRUE(fs::exists(hub_.store())) << "nothing was touched";
}

TEST_F(Backup, TheHubsOwnFolderIsNoBackupOfIt) {
  ASSERT_TRUE(back_up());
  fs::copy_file(backup_ + "/backup.json", hub_.root() + "/backup.json");
  const auto refused = restore(hub_, hub_.root() + "/.");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("the hub's own folder"), std::string::npos);
}

TEST_F(Backup, EachRestoreSetsAsideUnderAnotherName) {
  ASSERT_TRUE(back_up());
  const auto first = restore(hub_, backup_);
  const auto second = restore(hub_, backup_);
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->set_aside, second->set_aside);
}

TEST_F(Backup, ARunningHubIsBackedUpAndNotRestoredOver) {
  const auto running = open_store(hub_);
  // As another process would: this one has the store open already, and LMDB allows that once.
  EXPECT_EXIT(std::_Exit(back_up() ? 0 : 1), testing::ExitedWithCode(0), "");
  const auto lock = base::DirectoryLock::take(hub_.root());
  ASSERT_TRUE(lock);
  const auto refused = restore(hub_, backup_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kConflict);
  EXPECT_NE(refused.error().message().find("stop the hub first"), std::string::npos);
  EXPECT_TRUE(fs::exists(hub_.store()));
}

bool says_way_out(const base::Error& error) {
  return error.code() == Code::kCorrupt && error.message().find(kDamagedStoreWayOut) != std::string::npos;
}

// All of it reads, and nothing can be stored any more.
TEST_F(Backup, AStoreWhoseListOfFreePagesIsDamagedIsNotSoundAndNoBackupIsMadeOfIt) {
  say("two");
  EXPECT_TRUE(check_whole_store(hub_));
  ASSERT_TRUE(sync::zero_free_list(hub_.store()));
  const auto checked = check_whole_store(hub_);
  ASSERT_FALSE(checked);
  EXPECT_TRUE(says_way_out(checked.error())) << checked.error().message();
  const auto refused = back_up();
  ASSERT_FALSE(refused);
  EXPECT_TRUE(says_way_out(refused.error())) << refused.error().message();
  EXPECT_NE(refused.error().message().find(hub_.store() + " is damaged"), std::string::npos)
      << refused.error().message();
  EXPECT_FALSE(is_backup(backup_));
}

TEST_F(Backup, OneThatWasMadeOfADamagedStoreIsNotRestored) {
  say("two");
  auto manifest = back_up();
  ASSERT_TRUE(manifest) << manifest.error().message();
  const auto store = backup_ + "/store";
  ASSERT_TRUE(sync::zero_free_list(store));
  for (auto& file : manifest->files)
    if (file.name == kBackupStoreName) file.sha256 = base::Digest::of(read(store));
  ASSERT_TRUE(base::write_file(backup_ + "/backup.json", encode_backup_manifest(*manifest), 0600));
  const auto refused = restore(hub_, backup_);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("take another one"), std::string::npos)
      << refused.error().message();
  EXPECT_EQ(said(hub_), "two");
}

struct Damaged {
  const char* name;
  std::function<void(const std::string&)> damage;
  const char* says;
};

class BackupDamaged : public Backup, public testing::WithParamInterface<Damaged> {};

TEST_P(BackupDamaged, IsRefusedAndNothingIsTouched) {
  ASSERT_TRUE(back_up());
  say("two");
  GetParam().damage(backup_);
  const auto refused = restore(hub_, backup_);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find(GetParam().says), std::string::npos) << refused.error().message();
  EXPECT_EQ(said(hub_), "two");
  EXPECT_TRUE(check_no_restore_is_due(hub_));
}

void edit(const std::string& path, const std::string& from, const std::string& to) {
  auto text = *base::read_file(path, kReadMax);
  const auto at = text.find(from);
  ASSERT_NE(at, std::string::npos);
  ASSERT_TRUE(base::write_file(path, text.replace(at, from.size(), to), 0600));
}

INSTANTIATE_TEST_SUITE_P(
    All, BackupDamaged,
    testing::Values(
        Damaged{"NotFinished", [](const std::string& at) { fs::remove(at + "/backup.json"); },
                "not finished"},
        Damaged{"AFileIsMissing", [](const std::string& at) { fs::remove(at + "/ca.key"); },
                "ca.key is missing; copy the backup again, or take another one"},
        Damaged{"AFileIsAnother",
                [](const std::string& at) { ASSERT_TRUE(base::write_file(at + "/ca.key", "x", 0600)); },
                "ca.key: not what was backed up"},
        Damaged{"TheStoreIsCutOff", [](const std::string& at) { fs::resize_file(at + "/store", 5000); },
                "store: not what was backed up"},
        Damaged{"NoJson",
                [](const std::string& at) { ASSERT_TRUE(base::write_file(at + "/backup.json", "{", 0600)); },
                "; copy the backup again, or take another one"},
        Damaged{"OfANewerRelease",
                [](const std::string& at) { edit(at + "/backup.json", "\"format\":1", "\"format\":2"); },
                "newer release"},
        Damaged{"ANameThatLeadsOut",
                [](const std::string& at) { edit(at + "/backup.json", "\"ca.key\"", "\"../ca.key\""); },
                "no name of a file"},
        Damaged{"ALink",
                [](const std::string& at) {
                  fs::rename(at + "/ca.key", at + "/elsewhere");
                  fs::create_symlink("elsewhere", at + "/ca.key");
                },
                "ca.key"}),
    [](const auto& info) { return info.param.name; });

TEST_F(Backup, AnotherFleetIsNotRestoredOverThisOne) {
  ASSERT_TRUE(back_up());
  const DataFolder other(root_ + "/other");
  ASSERT_TRUE(base::make_private_directory(other.root()));
  ASSERT_TRUE(open_pki(other));
  const auto refused = restore(other, backup_);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("restore it into another folder"), std::string::npos);
}

TEST_F(Backup, AFolderThatIsNotEmptyIsLeftAsItIs) {
  ASSERT_TRUE(back_up());
  const auto before = read(backup_ + "/backup.json");
  const auto again = back_up();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Code::kConflict);
  EXPECT_EQ(read(backup_ + "/backup.json"), before);
}

TEST_F(Backup, AFileAsLargeAsTheLimitAndNoLarger) {
  const auto path = hub_.root() + "/left-here.tgz";
  ASSERT_TRUE(base::write_file(path, std::string(base::limits::kBackupFileBytesMax, 'x'), 0600));
  EXPECT_TRUE(back_up());
  ASSERT_TRUE(base::write_file(path, std::string(base::limits::kBackupFileBytesMax + 1, 'x'), 0600));
  const auto refused = hub::back_up(hub_, root_ + "/second", clock_.wall());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kLimit);
  EXPECT_NE(refused.error().message().find("left-here.tgz"), std::string::npos);
}

TEST_F(Backup, WithoutItsManifestItIsNotTakenForADataFolder) {
  ASSERT_TRUE(back_up());
  ASSERT_TRUE(lock_of_stopped_hub(hub_));
  EXPECT_TRUE(check_is_data_folder(hub_));
  fs::remove(backup_ + "/backup.json");
  const std::string node = testing::TempDir() + "a-node";
  fs::create_directory(node);
  ASSERT_TRUE(base::write_file(node + "/node.json", "{}", 0600));
  const auto other = check_is_data_folder(DataFolder(node));
  EXPECT_NE(other.error().message().find("data folder of a node"), std::string::npos);
  fs::remove_all(node);
  const auto refused = check_is_data_folder(DataFolder(backup_));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("backup.json is missing"), std::string::npos);
}

TEST_F(Backup, IsRestoredOverADamagedIdentityOnceAPersonMovedItAway) {
  ASSERT_TRUE(back_up());
  ASSERT_TRUE(base::write_file(hub_.hub_file(), "{damaged", 0600));
  const auto refused = restore(hub_, backup_);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message().starts_with(hub_.hub_file() + ": ")) << refused.error().message();
  EXPECT_NE(refused.error().message().find("move the file away"), std::string::npos);
  fs::remove(hub_.hub_file());
  ASSERT_TRUE(restore(hub_, backup_));
  EXPECT_TRUE(open_pki(hub_));
}

TEST_F(Backup, AStoreThatIsLostIsSaidBeforeAnythingIsCopied) {
  fs::resize_file(hub_.store(), 0);
  const auto refused = back_up();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find(hub_.store() + " is empty"), std::string::npos);
  EXPECT_FALSE(fs::exists(backup_));
}

TEST_F(Backup, AFolderThatIsNotThereIsNoHubThatRuns) {
  const auto refused = lock_of_stopped_hub(DataFolder(root_ + "/none"));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("--data"), std::string::npos);
  EXPECT_EQ(refused.error().message().find("stop the hub"), std::string::npos);
}

TEST_F(Backup, AFolderWithoutAHubIsNamed) {
  const auto refused = hub::back_up(DataFolder(root_ + "/none"), backup_, clock_.wall());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kNotFound);
  EXPECT_FALSE(fs::exists(backup_));
}

/// As a kill in its middle leaves it: the marker says how far it came.
TEST_F(Backup, ARestoreThatWasKilledIsEndedByTheSameCommand) {
  for (const std::string phase : {"set-aside", "copying"}) {
    SCOPED_TRACE(phase);
    const auto hub = DataFolder(root_ + "/" + phase);
    backup_ = root_ + "/backup-" + phase;
    fs::copy(hub_.root(), hub.root(), fs::copy_options::recursive);
    ASSERT_EQ(::chmod(hub.root().c_str(), 0700), 0);
    ASSERT_TRUE(back_up());
    const auto aside = hub.root() + "/before-restore-1";
    const auto fleet = open_pki(hub)->fleet().str();
    ASSERT_TRUE(base::make_private_directory(aside));
    fs::rename(hub.root() + "/ca.key", aside + "/ca.key");
    if (phase == "copying") {
      fs::rename(hub.store(), aside + "/store");
      ASSERT_TRUE(base::write_file(hub.store(), "half of it", 0600));
      ASSERT_TRUE(base::write_file(hub.root() + "/of-another-backup.crt", "x", 0600));
    }
    ASSERT_TRUE(base::write_file(
        hub.root() + "/restoring",
        R"({"fleet":")" + fleet + R"(","phase":")" + phase + R"(","setAside":"before-restore-1"})", 0600));
    for (const auto& other :
         {base::Status(rotate_sealing_key(hub, random_, clock_.wall()).map([](const auto&) {})),
          recover(hub, {}, clock_.wall(), random_)}) {
      ASSERT_FALSE(other) << "it would make what the end of the restore throws away";
      EXPECT_NE(other.error().message().find("restore was begun"), std::string::npos);
    }
    const auto due = check_no_restore_is_due(hub);
    ASSERT_FALSE(due);
    EXPECT_NE(due.error().message().find("holdfast-hub restore"), std::string::npos);
    EXPECT_FALSE(hub::back_up(hub, root_ + "/nothing", clock_.wall()));
    const auto done = restore(hub, backup_);
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(done->set_aside, aside);
    EXPECT_EQ(said(hub), "one");
    EXPECT_EQ(said(DataFolder(aside)), "one");
    EXPECT_EQ(read(hub.ca_key()), read(hub_.ca_key()));
    EXPECT_FALSE(fs::exists(hub.root() + "/of-another-backup.crt"));
    EXPECT_TRUE(check_no_restore_is_due(hub));
  }
}

TEST(BackupManifest, AsManyFilesAsTheLimitAndNoMore) {
  BackupManifest manifest{.fleet = sync::FleetId("f1ee7000-0000-4000-8000-000000000000"), .release = "1"};
  for (std::size_t i = 0; i < base::limits::kBackupFilesMax; ++i)
    manifest.files.push_back({.name = "f" + std::to_string(i), .bytes = i, .mode = 0600});
  EXPECT_EQ(decode_backup_manifest(encode_backup_manifest(manifest)).value(), manifest);
  manifest.files.push_back({.name = "one-more"});
  EXPECT_EQ(decode_backup_manifest(encode_backup_manifest(manifest)).error().code(), Code::kLimit);
}

TEST(BackupManifest, ANameAsLongAsTheLimitAndNoLonger) {
  BackupManifest manifest{.fleet = sync::FleetId("f1ee7000-0000-4000-8000-000000000000"), .release = "1"};
  manifest.files.push_back({.name = std::string(base::limits::kBackupNameBytesMax, 'a')});
  EXPECT_TRUE(decode_backup_manifest(encode_backup_manifest(manifest)));
  manifest.files[0].name += "a";
  EXPECT_FALSE(decode_backup_manifest(encode_backup_manifest(manifest)));
}

}  // namespace
}  // namespace holdfast::hub
