// SPDX-License-Identifier: Apache-2.0
#include "sync/store/folder_segments.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/fake_random.hpp"
#include "sync/store/segment_log.hpp"

namespace holdfast::sync {
namespace {

constexpr base::WallTime kNow{std::chrono::milliseconds{1'767'225'600'000}};

class SegmentFolder : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "hf-segments-XXXXXX";
    folder = ::mkdtemp(name.data());
    folder += "/outbox";
  }
  void TearDown() override { std::filesystem::remove_all(std::filesystem::path(folder).parent_path()); }

  base::FakeRandom random{1};
  std::string folder;
};

TEST_F(SegmentFolder, IsMadeForItsOwnerAloneAndAtItsFullSize) {
  FolderSegments files(folder);
  ASSERT_TRUE(SegmentLog::open(files, random));
  struct stat info{};
  ASSERT_EQ(::stat(folder.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
  for (std::size_t i = 0; i < base::limits::kOutboxSegments; ++i) {
    ASSERT_EQ(::stat((folder + "/" + std::to_string(i) + ".segment").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
    EXPECT_EQ(static_cast<std::size_t>(info.st_size), base::limits::kOutboxSegmentBytes);
    EXPECT_GE(static_cast<std::size_t>(info.st_blocks) * 512, base::limits::kOutboxSegmentBytes);
  }
}

TEST_F(SegmentFolder, WhatAProcessWroteAnotherOneReads) {
  {
    FolderSegments files(folder);
    auto log = *SegmentLog::open(files, random);
    ASSERT_TRUE(log.append("one", kNow));
    ASSERT_TRUE(log.append("two", kNow));
    ASSERT_TRUE(log.sync());
    ASSERT_TRUE(log.acknowledge(1));
  }
  FolderSegments files(folder);
  auto log = *SegmentLog::open(files, random);
  EXPECT_EQ((*log.read(log.acknowledged(), 1'000, 10))->payloads, std::vector<std::string>{"two"});
}

TEST_F(SegmentFolder, AFileInItsPlaceIsAnErrorThatNamesIt) {
  std::ofstream(folder) << "no folder";
  FolderSegments files(folder);
  const auto opened = SegmentLog::open(files, random);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message().find(folder), std::string::npos);
}

TEST_F(SegmentFolder, IsRemovedWithItsFilesAndNothingElse) {
  FolderSegments files(folder);
  ASSERT_TRUE(SegmentLog::open(files, random));
  ASSERT_TRUE(files.remove(base::limits::kOutboxSegments));
  EXPECT_FALSE(std::filesystem::exists(folder));
  EXPECT_TRUE(files.remove(base::limits::kOutboxSegments)) << "it is gone already";
  ASSERT_TRUE(SegmentLog::open(files, random));
  std::ofstream(folder + "/foreign") << "mine";
  EXPECT_TRUE(files.remove(base::limits::kOutboxSegments));
  EXPECT_TRUE(std::filesystem::exists(folder + "/foreign"));
}

}  // namespace
}  // namespace holdfast::sync
