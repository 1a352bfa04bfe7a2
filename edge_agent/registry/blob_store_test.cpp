// SPDX-License-Identifier: Apache-2.0
// Blobs that come in pieces: gone on with where they broke off, and never whole with other bytes than their name says.
#include "edge_agent/registry/blob_store.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/file_io.hpp"

namespace holdfast::edge_agent {
namespace {

using base::Code;
using base::Digest;
namespace fs = std::filesystem;

class BlobStoreTest : public testing::Test {
 protected:
  BlobStoreTest() {
    fs::remove_all(root_);
    fs::create_directory(root_);
  }
  ~BlobStoreTest() override { fs::remove_all(root_); }
  static void write(const std::string& path, const std::string& bytes) { std::ofstream(path) << bytes; }

  const std::string root_ = testing::TempDir() + "blobs-" + std::to_string(::getpid());
  const BlobStore store_{root_ + "/images/blobs/sha256"};
  const std::string text_ = std::string(1'000, 'a') + "the end";
  const BlobRef blob_{Digest::of(text_), text_.size()};
};

TEST_F(BlobStoreTest, ABlobComesInPiecesAndIsThereWhenItIsWhole) {
  auto part = BlobPart::open(store_, blob_);
  ASSERT_TRUE(part) << part.error().message();
  ASSERT_TRUE(part->append(text_.substr(0, 900)));
  EXPECT_FALSE(store_.has(blob_));
  EXPECT_EQ(store_.bytes_of(blob_), 900U);
  ASSERT_TRUE(part->append(text_.substr(900)));
  EXPECT_TRUE(part->is_full());
  ASSERT_TRUE(part->finish());
  EXPECT_TRUE(store_.has(blob_));
  EXPECT_FALSE(fs::exists(store_.part_path(blob_.digest)));
  EXPECT_EQ(store_.read(blob_.digest, 10'000).value(), text_);
}

TEST_F(BlobStoreTest, WhatBrokeOffIsGoneOnWith) {
  {
    auto part = BlobPart::open(store_, blob_);
    ASSERT_TRUE(part->append(text_.substr(0, 900)));
  }
  auto part = BlobPart::open(store_, blob_);
  ASSERT_TRUE(part);
  EXPECT_EQ(part->bytes(), 900U);
  ASSERT_TRUE(part->append(text_.substr(900)));
  EXPECT_TRUE(part->finish());
}

TEST_F(BlobStoreTest, APartThatIsTooLongIsThrownAway) {
  ASSERT_TRUE(store_.make_folder());
  write(store_.part_path(blob_.digest), text_ + "and more");
  EXPECT_EQ(store_.bytes_of(blob_), 0U);
  const auto part = BlobPart::open(store_, blob_);
  ASSERT_TRUE(part);
  EXPECT_EQ(part->bytes(), 0U);
}

TEST_F(BlobStoreTest, OtherBytesAreNeverABlob) {
  auto part = BlobPart::open(store_, blob_);
  ASSERT_TRUE(part->append(std::string(text_.size(), 'b')));
  const auto done = part->finish();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::kCorrupt);
  EXPECT_FALSE(store_.has(blob_));
  EXPECT_EQ(part->bytes(), 0U);
  ASSERT_TRUE(part->append(text_));
  EXPECT_TRUE(part->finish());
}

TEST_F(BlobStoreTest, NoMoreIsTakenThanTheBlobHas) {
  auto part = BlobPart::open(store_, blob_);
  EXPECT_EQ(part->append(text_ + "x").error().code(), Code::kCorrupt);
  EXPECT_EQ(part->bytes(), 0U);
}

TEST_F(BlobStoreTest, TwoProgramsDoNotFetchTheSameOne) {
  const auto first = BlobPart::open(store_, blob_);
  ASSERT_TRUE(first);
  EXPECT_EQ(BlobPart::open(store_, blob_).error().code(), Code::kConflict);
}

TEST_F(BlobStoreTest, AWholeBlobThatWentBadIsFoundAndThrownAway) {
  ASSERT_TRUE(store_.put(blob_.digest, text_));
  EXPECT_TRUE(store_.check(blob_).value());
  write(store_.path(blob_.digest), std::string(text_.size(), 'b'));
  EXPECT_TRUE(store_.has(blob_));
  EXPECT_EQ(store_.read(blob_.digest, 10'000).error().code(), Code::kCorrupt);
  EXPECT_FALSE(store_.check(blob_).value());
  EXPECT_FALSE(fs::exists(store_.path(blob_.digest)));
  EXPECT_FALSE(store_.check(blob_).value());
}

TEST_F(BlobStoreTest, ListsEachBlobOnceAndNothingElse) {
  EXPECT_TRUE(store_.list().value().empty());
  ASSERT_TRUE(store_.put(blob_.digest, text_));
  write(store_.part_path(blob_.digest), "x");
  write(store_.part_path(Digest::of("other")), "x");
  write(store_.folder() + "/README", "x");
  EXPECT_EQ(store_.list().value().size(), 2U);
  ASSERT_TRUE(store_.remove(blob_.digest));
  ASSERT_TRUE(store_.remove(blob_.digest));
  EXPECT_EQ(store_.list().value().size(), 1U);
}

TEST_F(BlobStoreTest, ALinkIsNotFollowed) {
  ASSERT_TRUE(store_.make_folder());
  write(root_ + "/mine", text_);
  fs::create_symlink(root_ + "/mine", store_.part_path(blob_.digest));
  EXPECT_FALSE(BlobPart::open(store_, blob_));
  EXPECT_EQ(base::read_file(root_ + "/mine", 10'000).value(), text_);
}

}  // namespace
}  // namespace holdfast::edge_agent
