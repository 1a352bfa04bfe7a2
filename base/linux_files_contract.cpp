// SPDX-License-Identifier: Apache-2.0
// What only real disks can do to LinuxHost: crashes, full and read-only file systems, other file systems, and
// foreign hands that rename.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <set>

#include "base/beneath.hpp"
#include "base/host_contract.hpp"
#include "base/real_world_contract.hpp"

namespace holdfast::base {
namespace {

namespace fs = std::filesystem;

FileWrite file(const std::string& path, const std::string& content) {
  FileWrite write;
  write.path = path;
  write.content = content;
  return write;
}

class LinuxFiles : public testing::TestWithParam<bool> {
 public:
  LinuxFiles() : world_(RealWorldOptions{.old_kernel = GetParam()}) {}
  ~LinuxFiles() override {
    if (mounted_) ::umount2(world_.on_disk("/disk").c_str(), MNT_DETACH);
  }

 protected:
  /// A file system of its own beneath the root at /disk; false where this container lets nobody mount.
  bool mount_at_disk(const char* type, const char* options) {
    world_.folder_by_hand("/disk");
    mounted_ = ::mount("none", world_.on_disk("/disk").c_str(), type, 0, options) == 0;
    return mounted_;
  }
  Host& host() { return world_.host(); }
  std::set<std::string> names_in(const std::string& path) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(world_.on_disk(path)))
      names.insert(entry.path().filename());
    return names;
  }

  RealWorld world_;

 private:
  bool mounted_ = false;
};
INSTANTIATE_TEST_SUITE_P(Walk, LinuxFiles, testing::Bool(),
                         [](const auto& info) { return std::string(info.param ? "ByHand" : "Openat2"); });

TEST_P(LinuxFiles, WhatACrashLeftIsGoneWithTheNextWriteToTheFolder) {
  world_.edit_by_hand("/etc/.holdfast-0123456789abcdef.tmp", "half a fi");
  world_.edit_by_hand("/etc/.holdfast-notours.tmp", "a person's");
  world_.folder_by_hand("/etc/.holdfast-fedcba9876543210.tmp");
  ASSERT_TRUE(host().write_file(file("/etc/a", "x")));
  EXPECT_EQ(names_in("/etc"),
            (std::set<std::string>{"a", ".holdfast-notours.tmp", ".holdfast-fedcba9876543210.tmp"}));
}

TEST_P(LinuxFiles, NoPathReachesTheAgentsOwnFolder) {
  world_.edit_by_hand("/var/agent/node.key", "secret");
  world_.edit_by_hand("/var/agents", "another's");
  const auto walk = GetParam() ? PathWalk::kByHand : PathWalk::kBest;
  auto beneath = Beneath::open(world_.on_disk("/"), walk);
  ASSERT_TRUE(beneath);
  ASSERT_TRUE(beneath->forbid(world_.on_disk("/var/agent")));
  for (const char* path : {"/var/agent", "/var/agent/node.key", "/var/agent/new/folder/file"}) {
    for (const auto use : {Beneath::Use::kLook, Beneath::Use::kChange})
      EXPECT_EQ(beneath->place(path, use).error().code(), Code::kPermission) << path;
    const auto made = beneath->make_place(path);
    EXPECT_EQ(made.error().code(), Code::kPermission) << path;
    EXPECT_NE(made.error().message().find(path), std::string::npos);
  }
  EXPECT_FALSE(fs::exists(world_.on_disk("/var/agent/new")));
  EXPECT_TRUE(beneath->place("/var/agents", Beneath::Use::kChange));
  EXPECT_TRUE(beneath->make_place("/var/agent.d/file"));
}

TEST_P(LinuxFiles, AWriteLeavesNothingBesideTheFile) {
  ASSERT_TRUE(host().write_file(file("/etc/a", "one")));
  ASSERT_TRUE(host().write_file(file("/etc/a", "two")));
  EXPECT_EQ(names_in("/etc"), std::set<std::string>{"a"});
}

TEST_P(LinuxFiles, ModesDoNotDependOnTheUmask) {
  const mode_t before = ::umask(077);
  FileWrite write = file("/made/a", "x");
  write.mode = 0666;
  const auto info = host().write_file(write);
  ::umask(before);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->mode, 0666U);
  EXPECT_EQ(host().stat("/made")->mode, 0755U);
}

TEST_P(LinuxFiles, AFullDiskKeepsTheOldFileAndLeavesNothing) {
  if (!mount_at_disk("tmpfs", "size=64k"))
    GTEST_SKIP() << "mounting needs root and a container that allows it";
  ASSERT_TRUE(host().write_file(file("/disk/a", "old")));
  EXPECT_CODE(Code::kNoSpace, host().write_file(file("/disk/a", std::string(1 << 20, 'x'))));
  EXPECT_CODE(Code::kNoSpace, host().write_file(file("/disk/new/folder/b", std::string(1 << 20, 'x'))));
  EXPECT_EQ(host().read_file("/disk/a", 10).value(), "old");
  EXPECT_EQ(names_in("/disk"), std::set<std::string>{"a"});
  EXPECT_OK(host().write_file(file("/disk/a", "fits")));
}

TEST_P(LinuxFiles, AReadOnlyDiskIsAnErrorAndNothingMore) {
  if (!mount_at_disk("tmpfs", "size=64k"))
    GTEST_SKIP() << "mounting needs root and a container that allows it";
  ASSERT_TRUE(host().write_file(file("/disk/a", "old")));
  ASSERT_EQ(::mount("none", world_.on_disk("/disk").c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=64k"), 0);
  EXPECT_CODE(Code::kNoSpace, host().write_file(file("/disk/a", "new")));
  EXPECT_CODE(Code::kNoSpace, host().write_file(file("/disk/deep/b", "new")));
  EXPECT_CODE(Code::kNoSpace, host().remove_file("/disk/a"));
  EXPECT_CODE(Code::kNoSpace, host().set_attributes("/disk/a", 0600, {}, {}));
  EXPECT_EQ(host().read_file("/disk/a", 10).value(), "old");
}

TEST_P(LinuxFiles, WithoutExtendedAttributesFilesAreWrittenUnmarked) {
  if (!mount_at_disk("ramfs", "")) GTEST_SKIP() << "mounting needs root and a container that allows it";
  FileWrite write = file("/disk/a", "x");
  write.mark = "mac";
  EXPECT_OK(host().write_file(write));
  EXPECT_EQ(host().read_file("/disk/a", 10).value(), "x");
  EXPECT_CODE(Code::kUnsupported, host().read_mark("/disk/a"));
  EXPECT_CODE(Code::kUnsupported, host().write_mark("/disk/a", "mac"));
}

TEST_P(LinuxFiles, AParentThatIsSwappedForALinkDoesNotLeadOut) {
  const std::string outside = world_.folder() + "/outside";
  fs::create_directories(outside);
  world_.edit_by_hand("/x/y/a", "inside");
  fs::remove_all(world_.on_disk("/x/y"));
  fs::create_directory_symlink(outside, world_.on_disk("/x/y"));
  EXPECT_CODE(Code::kPermission, host().write_file(file("/x/y/a", "out")));
  EXPECT_CODE(Code::kPermission, host().write_file(file("/x/y/new/b", "out")));
  EXPECT_TRUE(fs::is_empty(outside));
}

TEST_P(LinuxFiles, AnUnreadableFolderIsAnErrorThatNamesIt) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may enter every folder";
  world_.edit_by_hand("/shut/in/a", "x");
  world_.mode_by_hand("/shut", 0);
  const auto looked = host().stat("/shut/in/a");
  world_.mode_by_hand("/shut", 0755);
  ASSERT_FALSE(looked);
  EXPECT_EQ(looked.error().code(), Code::kPermission);
  EXPECT_NE(looked.error().message().find("'/shut/in'"), std::string::npos) << looked.error().message();
}

// ---- watching ----

TEST_P(LinuxFiles, AParentThatIsRenamedAwayAndBackIsNewsBothTimes) {
  world_.edit_by_hand("/x/y/a", "x");
  ASSERT_TRUE(host().watch_path("/x/y/a"));
  fs::rename(world_.on_disk("/x"), world_.on_disk("/away"));
  EXPECT_TRUE(world_.until_came(HostEventKind::kPath, "/x/y/a"));
  world_.events.clear();
  fs::rename(world_.on_disk("/away"), world_.on_disk("/x"));
  EXPECT_TRUE(world_.until_came(HostEventKind::kPath, "/x/y/a"));
  world_.events.clear();
  world_.edit_by_hand("/x/y/a", "y");
  EXPECT_TRUE(world_.until_came(HostEventKind::kPath, "/x/y/a")) << "what came back is not watched";
}

TEST_P(LinuxFiles, AFolderThatTakesTheNameOfAnotherWatchedOneIsFollowed) {
  world_.edit_by_hand("/one/a", "x");
  world_.edit_by_hand("/two/a", "x");
  ASSERT_TRUE(host().watch_path("/one/a"));
  ASSERT_TRUE(host().watch_path("/two/a"));
  fs::remove_all(world_.on_disk("/two"));
  fs::rename(world_.on_disk("/one"), world_.on_disk("/two"));
  EXPECT_TRUE(world_.until_came(HostEventKind::kPath, "/one/a"));
  EXPECT_TRUE(world_.until_came(HostEventKind::kPath, "/two/a"));
  world_.events.clear();
  world_.edit_by_hand("/two/a", "y");
  EXPECT_TRUE(world_.until_came(HostEventKind::kPath, "/two/a"));
  world_.edit_by_hand("/one/a", "z");
  EXPECT_TRUE(world_.until_came(HostEventKind::kPath, "/one/a"));
}

TEST_P(LinuxFiles, AnEditorsSaveByRenameIsNews) {
  world_.edit_by_hand("/etc/a", "x");
  ASSERT_TRUE(host().watch_path("/etc/a"));
  world_.edit_by_hand("/etc/.a.swp", "y");
  fs::rename(world_.on_disk("/etc/.a.swp"), world_.on_disk("/etc/a"));
  EXPECT_TRUE(world_.until_came(HostEventKind::kPath, "/etc/a"));
  world_.events.clear();
  world_.edit_by_hand("/etc/a", "in place");
  EXPECT_TRUE(world_.until_came(HostEventKind::kPath, "/etc/a"));
}

TEST_P(LinuxFiles, MoreEventsThanTheKernelKeepsBecomeALookAtEverything) {
  world_.edit_by_hand("/etc/a", "x");
  world_.edit_by_hand("/etc/b", "x");
  ASSERT_TRUE(host().watch_path("/etc/a"));
  ASSERT_TRUE(host().watch_path("/etc/b"));
  // Alternating, since equal neighbours are merged; nobody reads meanwhile.
  constexpr int kMoreThanTheQueue = 40'000;
  for (int i = 0; i < kMoreThanTheQueue; ++i) {
    ::chmod(world_.on_disk(i % 2 == 0 ? "/etc/a" : "/etc/b").c_str(), 0600);
  }
  EXPECT_TRUE(world_.until_came(HostEventKind::kPath, ""));
  world_.events.clear();
  world_.edit_by_hand("/etc/a", "y");
  EXPECT_TRUE(world_.until_came(HostEventKind::kPath, "/etc/a")) << "nothing is watched any more";
}

TEST_P(LinuxFiles, ABusyFolderIsNoNewsForItsQuietFiles) {
  world_.edit_by_hand("/etc/a", "x");
  ASSERT_TRUE(host().watch_path("/etc/a"));
  ASSERT_TRUE(host().watch_path("/etc/last"));
  for (int i = 0; i < 100; ++i) world_.edit_by_hand("/etc/other-" + std::to_string(i), "x");
  world_.edit_by_hand("/etc/last", "x");
  ASSERT_TRUE(world_.until_came(HostEventKind::kPath, "/etc/last"));
  for (const HostEvent& event : world_.events) EXPECT_EQ(event.name, "/etc/last");
}

}  // namespace
}  // namespace holdfast::base
