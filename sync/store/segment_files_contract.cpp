// SPDX-License-Identifier: Apache-2.0
// What every SegmentFiles does, run on a folder and on the fake.
#include "sync/store/segment_files.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

#include "sync/store/fake_segments.hpp"
#include "sync/store/folder_segments.hpp"

namespace holdfast::sync {
namespace {

constexpr std::size_t kBytes = 8'192;

/// A disk that keeps files while programs come and go.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual SegmentFiles& files() = 0;
  /// The program is killed and starts again.
  virtual void reopen() = 0;
};

class FakeDisk final : public Disk {
 public:
  SegmentFiles& files() override { return files_; }
  void reopen() override {}

 private:
  FakeSegments files_;
};

class FolderDisk final : public Disk {
 public:
  FolderDisk() {
    std::string name = std::filesystem::temp_directory_path() / "hf-segments-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    reopen();
  }
  ~FolderDisk() override { std::filesystem::remove_all(folder_); }
  SegmentFiles& files() override { return *files_; }
  void reopen() override { files_ = std::make_unique<FolderSegments>(folder_ + "/outbox"); }

 private:
  std::string folder_;
  std::unique_ptr<FolderSegments> files_;
};

template <class T>
class SegmentFilesContract : public testing::Test {
 protected:
  SegmentFiles& files() { return disk.files(); }
  T disk;
};

using Disks = testing::Types<FakeDisk, FolderDisk>;
TYPED_TEST_SUITE(SegmentFilesContract, Disks);

TYPED_TEST(SegmentFilesContract, WhereNothingIsNothingIsRead) {
  EXPECT_EQ(this->files().read(3, 0, 100), std::string());
}

TYPED_TEST(SegmentFilesContract, AReservedFileIsZeroAndOfItsSize) {
  ASSERT_TRUE(this->files().reserve(3, kBytes));
  EXPECT_EQ(this->files().read(3, 0, 2 * kBytes), std::string(kBytes, '\0'));
  EXPECT_EQ(this->files().read(2, 0, 100), std::string()) << "another one is not there";
}

TYPED_TEST(SegmentFilesContract, WhatWasWrittenIsReadAndOutlivesTheProgram) {
  ASSERT_TRUE(this->files().reserve(0, kBytes));
  ASSERT_TRUE(this->files().write(0, 100, "hello"));
  ASSERT_TRUE(this->files().sync(0));
  ASSERT_TRUE(this->files().write(0, 105, " again"));
  this->disk.reopen();
  EXPECT_EQ(this->files().read(0, 99, 13), std::string("\0hello again\0", 13));
}

TYPED_TEST(SegmentFilesContract, AReadEndsWithTheFile) {
  ASSERT_TRUE(this->files().reserve(0, kBytes));
  EXPECT_EQ(this->files().read(0, kBytes - 4, 100), std::string(4, '\0'));
  EXPECT_EQ(this->files().read(0, kBytes + 4, 100), std::string());
}

TYPED_TEST(SegmentFilesContract, ReservingAgainKeepsWhatIsThere) {
  ASSERT_TRUE(this->files().reserve(0, kBytes));
  ASSERT_TRUE(this->files().write(0, 0, "kept"));
  this->disk.reopen();
  ASSERT_TRUE(this->files().reserve(0, 2 * kBytes));
  const auto bytes = this->files().read(0, 0, 3 * kBytes);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(*bytes, "kept" + std::string(2 * kBytes - 4, '\0'));
}

TYPED_TEST(SegmentFilesContract, AWriteToWhatWasNotReservedIsRefused) {
  EXPECT_FALSE(this->files().write(0, 0, "nowhere"));
}

}  // namespace
}  // namespace holdfast::sync
