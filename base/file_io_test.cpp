// SPDX-License-Identifier: Apache-2.0
// Programs' own files, in a temporary folder of the real file system.
#include "base/file_io.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <vector>

namespace holdfast::base {
namespace {

namespace fs = std::filesystem;

class FileIo : public testing::Test {
 public:
  FileIo() {
    std::string name = (fs::temp_directory_path() / "holdfast-file-io-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
  }
  ~FileIo() override { fs::remove_all(root_); }

 protected:
  std::string path(const std::string& name) const { return root_ + "/" + name; }
  static std::uint32_t mode_of(const std::string& path) {
    struct stat info{};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777U;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(root_)) all.push_back(entry.path().filename());
    return all;
  }

  std::string root_;
};

/// The umask of a scope.
class Umask {
 public:
  explicit Umask(mode_t mask) : before_(::umask(mask)) {}
  ~Umask() { ::umask(before_); }

 private:
  mode_t before_;
};

// ---- read ----

TEST_F(FileIo, ReadsWhatWasWritten) {
  const std::string content("with\0nul\nand lines\n", 19);
  ASSERT_TRUE(write_file(path("a"), content, 0644));
  EXPECT_EQ(read_file(path("a"), 100).value(), content);
}

TEST_F(FileIo, TheLimitIsTheLastSizeThatPasses) {
  ASSERT_TRUE(write_file(path("a"), std::string(40000, 'x'), 0644));
  EXPECT_EQ(read_file(path("a"), 40000).value().size(), 40000U);
  const auto over = read_file(path("a"), 39999);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code(), Code::kLimit);
  EXPECT_EQ(over.error().message(), "'" + path("a") + "' has more than 39999 bytes");
}

TEST_F(FileIo, ReadsFilesThatDoNotKnowTheirSize) {
  EXPECT_FALSE(read_file("/proc/self/stat", 4096).value().empty());
}

TEST_F(FileIo, SaysWhyAFileCannotBeRead) {
  EXPECT_EQ(read_file(path("missing"), 10).error().code(), Code::kNotFound);
  EXPECT_EQ(read_file(root_, 10).error().message(), "'" + root_ + "' is no regular file");
  EXPECT_EQ(read_file("", 10).error().message(), "a path is empty");
  EXPECT_EQ(read_file(std::string("/etc/passwd\0.txt", 16), 10).error().message(),
            "a path has a NUL byte in it");
}

TEST_F(FileIo, AFifoDoesNotHoldTheReaderUp) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(read_file(path("fifo"), 10).error().code(), Code::kInvalid);
}

// ---- write ----

TEST_F(FileIo, TheModeHoldsWhateverTheUmask) {
  const Umask tight(077);
  ASSERT_TRUE(write_file(path("public"), "x", 0644));
  ASSERT_TRUE(write_file(path("secret"), "x", 0600));
  EXPECT_EQ(mode_of(path("public")), 0644U);
  EXPECT_EQ(mode_of(path("secret")), 0600U);
}

TEST_F(FileIo, ReplacesTheFileAsAWhole) {
  ASSERT_TRUE(write_file(path("a"), "old and longer", 0644));
  const int reader = ::open(path("a").c_str(), O_RDONLY | O_CLOEXEC);
  const Fd open(reader);
  ASSERT_TRUE(write_file(path("a"), "new", 0600));
  std::string seen(14, '\0');
  EXPECT_EQ(::read(reader, seen.data(), seen.size()), 14);
  EXPECT_EQ(seen, "old and longer");  // whoever has the old one open keeps it
  EXPECT_EQ(read_file(path("a"), 100).value(), "new");
  EXPECT_EQ(mode_of(path("a")), 0600U);
  EXPECT_EQ(names(), std::vector<std::string>{"a"});
}

TEST_F(FileIo, AFailedWriteLeavesTheOldFileAndNothingElse) {
  ASSERT_EQ(::mkdir(path("a").c_str(), 0755), 0);
  ASSERT_TRUE(write_file(path("a") + "/inside", "kept", 0644));
  const auto written = write_file(path("a"), "new", 0644);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code(), Code::kConflict);
  EXPECT_EQ(read_file(path("a") + "/inside", 10).value(), "kept");
  EXPECT_EQ(names(), std::vector<std::string>{"a"});
}

TEST_F(FileIo, AFullDiskLeavesTheOldFileAndNothingElse) {
  ASSERT_TRUE(write_file(path("a"), "old", 0644));
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // A limit on file size fails the write half way, as a full disk does.
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &small);
    ::_exit(write_file(path("a"), std::string(5000, 'x'), 0644) ? 1 : 0);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "the write was said to have worked";
  EXPECT_EQ(read_file(path("a"), 100).value(), "old");
  EXPECT_EQ(names(), std::vector<std::string>{"a"});
}

TEST_F(FileIo, WhatIsNotThereIsRemovedAlready) {
  ASSERT_TRUE(write_file(path("a"), "x", 0600));
  EXPECT_TRUE(remove_file(path("a")));
  EXPECT_EQ(read_file(path("a"), 10).error().code(), Code::kNotFound);
  EXPECT_TRUE(remove_file(path("a")));
  const auto folder = remove_file(path(""));
  ASSERT_FALSE(folder);
  EXPECT_NE(folder.error().message().find("cannot remove"), std::string::npos);
}

TEST_F(FileIo, AMissingFolderIsNamed) {
  const auto written = write_file(path("no/such"), "x", 0644);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code(), Code::kNotFound);
  EXPECT_EQ(written.error().message(), "cannot open folder '" + path("no") + "': No such file or directory");
}

TEST_F(FileIo, ANameWithoutAFolderIsInTheWorkingFolder) {
  const auto before = fs::current_path();
  fs::current_path(root_);
  EXPECT_TRUE(write_file("plain", "x", 0644));
  fs::current_path(before);
  EXPECT_EQ(read_file(path("plain"), 10).value(), "x");
}

// ---- private folders ----

TEST_F(FileIo, MakesAPrivateFolderAndItsParents) {
  const Umask none(0);
  ASSERT_TRUE(make_private_directory(path("var//lib/holdfast/")));
  EXPECT_EQ(mode_of(path("var")), 0755U);
  EXPECT_EQ(mode_of(path("var/lib/holdfast")), 0700U);
  EXPECT_TRUE(make_private_directory(path("var/lib/holdfast")));
}

TEST_F(FileIo, ClosesAnEmptyFolderToOthers) {
  ASSERT_EQ(::mkdir(path("d").c_str(), 0755), 0);
  ASSERT_TRUE(make_private_directory(path("d")));
  EXPECT_EQ(mode_of(path("d")), 0700U);
}

TEST_F(FileIo, NeverChangesTheModeOfAFolderInUse) {
  ASSERT_EQ(::mkdir(path("d").c_str(), 0755), 0);
  ASSERT_TRUE(write_file(path("d/file"), "x", 0644));
  const auto made = make_private_directory(path("d"));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), Code::kPermission);
  EXPECT_EQ(made.error().message(),
            "'" + path("d") + "' is open to others (mode 0755); choose an empty folder, or: chmod 700 '" +
                path("d") + "'");
  EXPECT_EQ(mode_of(path("d")), 0755U);
}

TEST_F(FileIo, AFileIsNoFolder) {
  ASSERT_TRUE(write_file(path("f"), "x", 0644));
  EXPECT_EQ(make_private_directory(path("f")).error().code(), Code::kInvalid);
  EXPECT_EQ(make_private_directory(path("f/below")).error().code(), Code::kInvalid);
}

TEST_F(FileIo, AFolderOfSomebodyElseIsRefused) {
  // Root owns "/"; only root can give a folder away.
  std::string theirs = "/";
  if (::geteuid() == 0) {
    theirs = path("d");
    ASSERT_EQ(::mkdir(theirs.c_str(), 0700), 0);
    ASSERT_EQ(::chown(theirs.c_str(), 65534, 65534), 0);
  }
  const auto made = make_private_directory(theirs);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), Code::kPermission);
  EXPECT_NE(made.error().message().find("' belongs to user "), std::string::npos);
}

// ---- the lock of a folder ----

TEST_F(FileIo, ASecondLockSaysWhoHoldsTheFirst) {
  const auto first = DirectoryLock::take(root_);
  ASSERT_TRUE(first) << first.error().message();
  const auto second = DirectoryLock::take(root_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::kConflict);
  EXPECT_EQ(second.error().disposition(), Disposition::kStalled);
  const std::string name = read_file("/proc/self/comm", 32).value();
  EXPECT_EQ(second.error().message(), "'" + root_ + "' is in use by process " + std::to_string(::getpid()) +
                                          " (" + name.substr(0, name.size() - 1) +
                                          "); stop it first or use another folder");
}

TEST_F(FileIo, ALockIsLetGoWithItsObject) {
  {
    ASSERT_TRUE(DirectoryLock::take(root_));
  }
  EXPECT_TRUE(DirectoryLock::take(root_));
}

TEST_F(FileIo, ALockIsLetGoWhenItsProcessIsKilled) {
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto lock = DirectoryLock::take(root_);
    const char held = lock ? 'y' : 'n';
    if (::write(ready[1], &held, 1) == 1) ::pause();
    ::_exit(1);
  }
  char held = 0;
  ASSERT_EQ(::read(ready[0], &held, 1), 1);
  EXPECT_EQ(held, 'y');
  const auto refused = DirectoryLock::take(root_);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("process " + std::to_string(child)), std::string::npos);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(DirectoryLock::take(root_));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(FileIo, TakingTheLockClearsWhatACrashLeft) {
  ASSERT_TRUE(write_file(path(".holdfast-0123456789abcdef.tmp"), "half", 0600));
  ASSERT_TRUE(write_file(path("kept.tmp"), "x", 0600));
  ASSERT_TRUE(DirectoryLock::take(root_));
  EXPECT_FALSE(fs::exists(path(".holdfast-0123456789abcdef.tmp")));
  EXPECT_TRUE(fs::exists(path("kept.tmp")));
}

TEST_F(FileIo, ALockThroughASymlinkIsRefused) {
  ASSERT_TRUE(write_file(path("elsewhere"), "precious", 0600));
  ASSERT_EQ(::symlink("elsewhere", path("lock").c_str()), 0);
  EXPECT_EQ(DirectoryLock::take(root_).error().code(), Code::kPermission);
  EXPECT_EQ(read_file(path("elsewhere"), 100).value(), "precious");
}

TEST_F(FileIo, AMissingFolderCannotBeLocked) {
  EXPECT_EQ(DirectoryLock::take(path("missing")).error().code(), Code::kNotFound);
}

}  // namespace
}  // namespace holdfast::base
