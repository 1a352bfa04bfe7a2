// SPDX-License-Identifier: Apache-2.0
#include "sync/store/lmdb_store.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "base/fake_random.hpp"
#include "sync/store/fake_damage.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::Status;
namespace fs = std::filesystem;

constexpr Table kState{"state"};

class LmdbStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "hf-lmdb-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    options_.path = path();
    options_.tables = {kState};
    options_.bytes_initial = 64U << 10U;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string path() const { return folder_ / "store.mdb"; }
  std::unique_ptr<LmdbStore> open() {
    auto opened = LmdbStore::open(options_);
    EXPECT_TRUE(opened) << opened.error().message();
    return opened ? *std::move(opened) : nullptr;
  }
  Code open_error() {
    auto opened = LmdbStore::open(options_);
    EXPECT_FALSE(opened);
    return opened ? Code::kInternal : opened.error().code();
  }
  void fill(int count) {
    const auto store = open();
    ASSERT_TRUE(store->write([&](WriteTxn& txn) -> Status {
      for (int i = 0; i < count; ++i)
        HF_CHECK(txn.put(kState, "key" + std::to_string(i), std::string(200, 'v')));
      return {};
    }));
  }
  void overwrite(std::streamoff at, const std::string& bytes) const {
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(at);
    file << bytes;
    ASSERT_TRUE(file.good());
  }

  fs::path folder_;
  LmdbOptions options_;
};

TEST_F(LmdbStoreTest, RecordsByAnotherKeyAreDamage) {
  options_.record_key = {1, 2, 3};
  fill(1);
  EXPECT_TRUE(check_store(path(), options_.record_key));
  EXPECT_EQ(check_store(path()).error().code(), Code::kCorrupt);
  EXPECT_EQ(read_one(*open(), kState, "key0")->value_or(""), std::string(200, 'v'));
  options_.record_key = {4, 5, 6};
  EXPECT_EQ(read_one(*open(), kState, "key0").error().code(), Code::kCorrupt);
}

TEST_F(LmdbStoreTest, ANewerSchemaIsTooNewForWhoDoesNotKnowTheKeyEither) {
  options_.record_key = {1, 2, 3};
  options_.schema = {.oldest = 1, .newest = 2, .fresh = 2};
  fill(1);
  options_.record_key = kPublicRecordKey;
  options_.schema = {};
  EXPECT_EQ(open_error(), Code::kTooNew);
}

TEST_F(LmdbStoreTest, SecondOpenInThisProcessIsAConflict) {
  const auto first = open();
  const auto second = LmdbStore::open(options_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::kConflict);
  options_.path = folder_ / "." / "store.mdb";
  EXPECT_EQ(open_error(), Code::kConflict) << "another spelling of the same path";
}

TEST_F(LmdbStoreTest, AnotherProcessThatHoldsItIsNamed) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto store = LmdbStore::open(options_);
    const char answer = store ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) != 1) ::_exit(1);
    ::pause();
    ::_exit(0);
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  ASSERT_EQ(answer, 'y');

  const auto second = LmdbStore::open(options_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::kConflict);
  EXPECT_NE(second.error().message().find("process " + std::to_string(child)), std::string::npos)
      << second.error().message();
  EXPECT_EQ(set_aside_store(path()).error().code(), Code::kConflict);

  // A look from beside is allowed.
  options_.access = StoreAccess::kReadOnly;
  const auto beside = LmdbStore::open(options_);
  EXPECT_TRUE(beside) << beside.error().message();

  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(LmdbStoreTest, AKilledOwnerLeavesNoLock) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto store = LmdbStore::open(options_);
    ::kill(::getpid(), SIGKILL);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_NE(open(), nullptr);
}

TEST_F(LmdbStoreTest, KilledInsideATransactionLeavesTheLastCommit) {
  ASSERT_TRUE(write_one(*open(), kState, "k", "old"));
  const pid_t child = ::fork();
  if (child == 0) {
    auto store = LmdbStore::open(options_);
    if (!store) ::_exit(1);
    const Status ignored = (*store)->write([](WriteTxn& txn) -> Status {
      HF_CHECK(txn.put(kState, "k", "new"));
      ::kill(::getpid(), SIGKILL);
      return {};
    });
    ::_exit(ignored ? 2 : 3);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(*read_one(*open(), kState, "k"), "old");
}

TEST_F(LmdbStoreTest, ReaderFromBesideFollowsAGrowingFile) {
  {
    ASSERT_TRUE(write_one(*open(), kState, "k", "small"));
  }
  int go[2];
  int grown[2];
  ASSERT_EQ(::pipe(go), 0);
  ASSERT_EQ(::pipe(grown), 0);
  const pid_t owner = ::fork();
  ASSERT_GE(owner, 0);
  if (owner == 0) {
    char wait = 0;
    if (::read(go[0], &wait, 1) != 1) ::_exit(1);
    auto store = LmdbStore::open(options_);
    if (!store || !write_one(**store, kState, "k", std::string(4U << 20U, 'L'))) ::_exit(2);
    ::_exit(::write(grown[1], "g", 1) == 1 ? 0 : 3);
  }
  options_.access = StoreAccess::kReadOnly;
  const auto beside = open();
  EXPECT_EQ(*read_one(*beside, kState, "k"), "small");
  char byte = 'g';
  ASSERT_EQ(::write(go[1], &byte, 1), 1);
  ASSERT_EQ(::read(grown[0], &byte, 1), 1);
  EXPECT_EQ((*read_one(*beside, kState, "k"))->size(), 4U << 20U);
  ::waitpid(owner, nullptr, 0);
  for (const int fd : {go[0], go[1], grown[0], grown[1]}) ::close(fd);
}

TEST_F(LmdbStoreTest, ReadOnlyNeverMakesAFile) {
  options_.access = StoreAccess::kReadOnly;
  EXPECT_EQ(open_error(), Code::kNotFound);
  EXPECT_FALSE(fs::exists(path()));
}

TEST_F(LmdbStoreTest, ReadOnlyReadsAndRefusesToWrite) {
  ASSERT_TRUE(write_one(*open(), kState, "k", "v"));
  options_.access = StoreAccess::kReadOnly;
  options_.tables.push_back(Table{"later"});
  const auto store = open();
  EXPECT_EQ(*read_one(*store, kState, "k"), "v");
  EXPECT_EQ(*read_one(*store, Table{"later"}, "k"), std::nullopt)
      << "a table that the owner has not made yet is empty";
  EXPECT_EQ(write_one(*store, kState, "k", "w").error().code(), Code::kNoSpace);
}

TEST_F(LmdbStoreTest, NewStoreGetsTheFreshSchema) {
  options_.schema = {.oldest = 1, .newest = 2, .fresh = 1};
  EXPECT_EQ(open()->schema(), 1U);
  options_.schema.fresh = 2;
  EXPECT_EQ(open()->schema(), 1U) << "an existing store keeps its own until it is migrated";
}

// test/golden/store-1.mdb was written by the first release on a 64-bit little-endian machine.
TEST_F(LmdbStoreTest, FileOfTheFirstReleaseIsStillRead) {
  if (sizeof(void*) != 8) GTEST_SKIP() << "LMDB files depend on the word size";
  fs::copy_file("test/golden/store-1.mdb", path());
  EXPECT_TRUE(check_store(path()));
  const auto store = open();
  EXPECT_EQ(store->schema(), 1U);
  EXPECT_EQ(*read_one(*store, kState, "greeting"), std::string("hello\0world", 11));
  EXPECT_EQ(*read_one(*store, kState, "k"), "");
}

TEST_F(LmdbStoreTest, SchemaIsRaisedTogetherWithTheRecords) {
  options_.schema = {.oldest = 1, .newest = 2, .fresh = 1};
  ASSERT_TRUE(open()->write([](WriteTxn& txn) -> Status {
    HF_CHECK(txn.put(kState, "k", "in the new form"));
    return LmdbStore::set_schema(txn, 2);
  }));
  EXPECT_EQ(open()->schema(), 2U);
}

TEST_F(LmdbStoreTest, NewerSchemaIsTooNewAndTheFileStaysAsItIs) {
  options_.schema = {.oldest = 1, .newest = 9, .fresh = 9};
  ASSERT_TRUE(write_one(*open(), kState, "k", "v"));
  options_.schema = {.oldest = 1, .newest = 8, .fresh = 8};
  options_.tables.push_back(Table{"unknown there"});
  EXPECT_EQ(open_error(), Code::kTooNew);
  options_.schema = {.oldest = 10, .newest = 11, .fresh = 10};
  EXPECT_EQ(open_error(), Code::kUnsupported);
  options_.schema = {.oldest = 9, .newest = 9, .fresh = 9};
  options_.tables = {kState};
  options_.access = StoreAccess::kReadOnly;
  EXPECT_EQ(*read_one(*open(), kState, "k"), "v");
}

TEST_F(LmdbStoreTest, FullMapIsGrownAndTheTransactionRunAgain) {
  const auto store = open();
  int runs = 0;
  ASSERT_TRUE(store->write([&](WriteTxn& txn) -> Status {
    ++runs;
    return txn.put(kState, "big", std::string(1U << 20U, 'x'));
  }));
  EXPECT_GT(runs, 1);
  EXPECT_EQ((*read_one(*store, kState, "big"))->size(), 1U << 20U);
}

TEST_F(LmdbStoreTest, OverItsLimitIsNoSpaceAndNothingIsLost) {
  options_.bytes_max = 256U << 10U;
  const auto store = open();
  ASSERT_TRUE(write_one(*store, kState, "small", "kept"));
  EXPECT_EQ(write_one(*store, kState, "big", std::string(1U << 20U, 'x')).error().code(), Code::kNoSpace);
  EXPECT_EQ(*read_one(*store, kState, "small"), "kept");
  EXPECT_TRUE(write_one(*store, kState, "small", "and still works"));
}

TEST_F(LmdbStoreTest, ClosureThatSwallowsAFullMapIsRunAgainAllTheSame) {
  const auto store = open();
  ASSERT_TRUE(store->write([&](WriteTxn& txn) -> Status {
    for (int i = 0; i < 20; ++i) {
      const Status ignored = txn.put(kState, std::to_string(i), std::string(16U << 10U, 'x'));
      static_cast<void>(ignored.has_value());
    }
    return {};
  }));
  for (int i = 0; i < 20; ++i) EXPECT_TRUE((*read_one(*store, kState, std::to_string(i))).has_value()) << i;
}

TEST_F(LmdbStoreTest, ReadersOnOtherThreadsSeeTheLastCommitWhileItGrows) {
  const auto store = open();
  ASSERT_TRUE(write_one(*store, kState, "k", "0"));
  std::atomic<bool> stop = false;
  std::atomic<int> bad = 0;
  std::thread reader([&] {
    while (!stop) {
      const auto value = read_one(*store, kState, "k");
      if (!value || !*value) ++bad;
    }
  });
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(store->write([&](WriteTxn& txn) -> Status {
      HF_CHECK(txn.put(kState, "k", std::to_string(i)));
      return txn.put(kState, "pad" + std::to_string(i), std::string(32U << 10U, 'p'));
    }));
  }
  stop = true;
  reader.join();
  EXPECT_EQ(bad, 0);
}

TEST_F(LmdbStoreTest, FilesAreForTheOwnerOnlyAndNotInheritedByChildren) {
  const auto store = open();
  for (const auto* name : {"store.mdb", "store.mdb-lock", "store.mdb-owner"}) {
    EXPECT_EQ(fs::status(folder_ / name).permissions() & fs::perms(0077), fs::perms::none) << name;
  }
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const auto target = fs::read_symlink(entry.path(), gone);
    if (gone || target.string().find(folder_.string()) != 0) continue;
    const int fd = std::stoi(entry.path().filename());
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0) << target;
  }
}

// ---- a small and then read-only disk ----

bool holds(Store& store, std::string_view expected) {
  const auto value = read_one(store, kState, "k");
  return value && value->value_or("(none)") == expected;
}

/// Runs `work` in a child that has a tmpfs of its own on `folder`; 77 where the machine does not allow that.
int with_small_disk(const std::string& folder, const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWNS) != 0) ::_exit(77);
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) ::_exit(77);
    if (::mount("none", folder.c_str(), "tmpfs", 0, "size=512k") != 0) ::_exit(77);
    ::_exit(work());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

TEST_F(LmdbStoreTest, FullDiskIsNoSpaceAndTheLastCommitStays) {
  const int result = with_small_disk(folder_, [&] {
    auto store = LmdbStore::open(options_);
    if (!store || !write_one(**store, kState, "k", "kept")) return 1;
    const Status full = write_one(**store, kState, "big", std::string(2U << 20U, 'x'));
    if (full || full.error().code() != Code::kNoSpace) return 2;
    if (!holds(**store, "kept")) return 3;
    if (!write_one(**store, kState, "k", "still works")) return 4;
    store->reset();
    store = LmdbStore::open(options_);
    return store && holds(**store, "still works") ? 0 : 5;
  });
  if (result == 77) GTEST_SKIP() << "no mount namespace here";
  EXPECT_EQ(result, 0);
}

TEST_F(LmdbStoreTest, ReadOnlyDiskOpensForReading) {
  const int result = with_small_disk(folder_, [&] {
    auto store = LmdbStore::open(options_);
    if (!store || !write_one(**store, kState, "k", "kept")) return 1;
    store->reset();
    if (::mount("none", folder_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) != 0) return 2;
    store = LmdbStore::open(options_);
    if (!store || !(*store)->read_only()) return 3;
    if (!holds(**store, "kept")) return 4;
    const Status refused = write_one(**store, kState, "k", "new");
    return !refused && refused.error().code() == Code::kNoSpace ? 0 : 5;
  });
  if (result == 77) GTEST_SKIP() << "no mount namespace here";
  EXPECT_EQ(result, 0);
}

// ---- damage ----

TEST_F(LmdbStoreTest, SoundStorePassesTheCheck) {
  fill(300);
  const Status status = check_store(path());
  EXPECT_TRUE(status) << status.error().message();
  EXPECT_EQ(check_store(folder_ / "absent").error().code(), Code::kNotFound);
}

TEST_F(LmdbStoreTest, GarbageIsCorrupt) {
  std::ofstream(path()) << std::string(1U << 16U, 'g');
  EXPECT_EQ(open_error(), Code::kCorrupt);
  EXPECT_EQ(check_store(path()).error().code(), Code::kCorrupt);
}

TEST_F(LmdbStoreTest, TruncatedFileIsCorruptAndNoCrash) {
  fill(2000);
  fs::resize_file(path(), 5U * 4096U);
  EXPECT_EQ(open_error(), Code::kCorrupt);
  EXPECT_EQ(check_store(path()).error().code(), Code::kCorrupt);
}

TEST_F(LmdbStoreTest, DamagedValueIsFoundByReadAndByCheckAndNamed) {
  {
    const auto store = open();
    ASSERT_TRUE(write_one(*store, kState, "good", "fine"));
    ASSERT_TRUE(write_one(*store, kState, "victim", "MARKED-PAYLOAD"));
  }
  std::ifstream in(path(), std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  // Older copies of the page may lie about: damage them all.
  for (auto at = bytes.find("MARKED"); at != std::string::npos; at = bytes.find("MARKED", at + 1)) {
    overwrite(static_cast<std::streamoff>(at), "m");
  }
  const auto store = open();
  const auto value = read_one(*store, kState, "victim");
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code(), Code::kCorrupt);
  EXPECT_NE(value.error().message().find("state/victim"), std::string::npos);
  EXPECT_EQ(*read_one(*store, kState, "good"), "fine") << "the rest can be read";
  const Status checked = check_store(path());
  EXPECT_EQ(checked.error().code(), Code::kCorrupt);
  EXPECT_NE(checked.error().message().find("state/victim"), std::string::npos) << checked.error().message();
}

// It is read only to write, so that everything reads and nothing can be stored.
TEST_F(LmdbStoreTest, DamagedListOfFreePagesIsFoundByOpenAndByCheckAndNamed) {
  fill(50);
  fill(60);
  ASSERT_TRUE(zero_free_list(path()));
  const auto opened = LmdbStore::open(options_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::kCorrupt);
  EXPECT_NE(opened.error().message().find("the list of free pages"), std::string::npos)
      << opened.error().message();
  const Status checked = check_store(path());
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code(), Code::kCorrupt);
  EXPECT_NE(checked.error().message().find("the list of free pages"), std::string::npos)
      << checked.error().message();
  options_.access = StoreAccess::kReadOnly;
  EXPECT_TRUE(*read_one(*open(), kState, "key59")) << "what is stored can be read";
}

// An old list, where a write to the disk was lost: the next commit would write over what is stored.
TEST_F(LmdbStoreTest, PageThatIsUsedAndFreeIsFoundByCheck) {
  fill(50);
  fill(60);
  ASSERT_TRUE(check_store(path()));
  ASSERT_TRUE(free_a_used_page(path()));
  const Status checked = check_store(path());
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code(), Code::kCorrupt);
  EXPECT_NE(checked.error().message().find("is in use, and in the list of free pages"), std::string::npos)
      << checked.error().message();
}

TEST_F(LmdbStoreTest, DamageThatAWriteMeetsIsKnownAfterwards) {
  fill(50);
  fill(60);
  const auto store = open();
  EXPECT_FALSE(write_one(*store, kState, "k", std::string(base::limits::kStoreValueBytesMax + 1, 'x')));
  EXPECT_FALSE(store->damage()) << "a refusal of another kind";
  ASSERT_TRUE(write_one(*store, kState, "big", std::string(1U << 20U, 'x')));
  EXPECT_FALSE(store->damage()) << "the map was full in between";
  ASSERT_TRUE(zero_free_list(path()));
  const Status refused = write_one(*store, kState, "k", "v");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kCorrupt);
  ASSERT_TRUE(store->damage());
  EXPECT_EQ(store->damage()->message(), refused.error().message());
}

TEST_F(LmdbStoreTest, CopyHasTheDamageOfTheListOfFreePages) {
  fill(50);
  fill(60);
  ASSERT_TRUE(zero_free_list(path()));
  const std::string copy = folder_ / "copy.mdb";
  ASSERT_TRUE(copy_store(path(), copy));
  EXPECT_EQ(check_store(copy).error().code(), Code::kCorrupt);
}

TEST_F(LmdbStoreTest, StoreThatGrowsAndShrinksAtRandomIsSoundAtEveryOpen) {
  base::FakeRandom random(11);
  for (int round = 0; round < 15; ++round) {
    const auto store = open();
    ASSERT_TRUE(store) << "round " << round;
    for (int n = 0; n < 20; ++n) {
      ASSERT_TRUE(store->write([&](WriteTxn& txn) -> Status {
        for (auto puts = random.below(12); puts > 0; --puts) {
          const std::string value(random.below(random.below(8) == 0 ? 40000 : 300), 'v');
          HF_CHECK(txn.put(kState, "key" + std::to_string(random.below(400)), value));
        }
        for (auto erased = random.below(16); erased > 0; --erased)
          HF_CHECK(txn.erase(kState, "key" + std::to_string(random.below(400))));
        return {};
      }));
    }
    const Status sound = check_store(path());
    ASSERT_TRUE(sound) << "round " << round << ": " << sound.error().message();
  }
}

TEST_F(LmdbStoreTest, CheckSurvivesDamageAnywhere) {
  fill(300);
  std::ifstream in(path(), std::ios::binary);
  const std::string sound((std::istreambuf_iterator<char>(in)), {});
  base::FakeRandom random(7);
  int found = 0;
  for (int i = 0; i < 60; ++i) {
    std::string bad = sound.substr(0, 64U << 10U);
    for (int n = 0; n < 64; ++n) bad[random.below(bad.size())] = static_cast<char>(random.below(256));
    std::ofstream(path(), std::ios::binary) << bad << sound.substr(bad.size());
    const Status status = check_store(path());
    if (status) continue;
    ++found;
    EXPECT_TRUE(status.error().code() == Code::kCorrupt || status.error().code() == Code::kIo)
        << status.error().message();
  }
  EXPECT_GT(found, 30) << "64 damaged bytes in the used pages are seldom harmless";
}

TEST_F(LmdbStoreTest, SetAsideKeepsTheBytesAndMakesRoomForANewStore) {
  std::ofstream(path()) << "not a store";
  const auto first = set_aside_store(path());
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(*first, path() + ".corrupt-1");
  EXPECT_EQ(fs::file_size(*first), 11U);
  EXPECT_NE(open(), nullptr);
  for (const char* expected : {"2", "3", "4", "5", "5"}) {
    EXPECT_EQ(*set_aside_store(path()), path() + ".corrupt-" + expected);
    EXPECT_NE(open(), nullptr);
  }
  fs::remove(path());
  EXPECT_EQ(set_aside_store(path()).error().code(), Code::kNotFound);
}

TEST_F(LmdbStoreTest, AMissingFolderIsNamed) {
  options_.path = folder_ / "absent" / "store.mdb";
  const auto opened = LmdbStore::open(options_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::kNotFound);
  EXPECT_NE(opened.error().message().find("absent"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::sync
