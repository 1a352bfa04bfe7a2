// SPDX-License-Identifier: Apache-2.0
// What comes in parts: it goes on where it was, and counts only when the whole has its digest.
#include "edge_agent/part_book.hpp"

#include <gtest/gtest.h>

#include "base/limits/model.hpp"
#include "base/limits/wire.hpp"
#include "edge_agent/tables.hpp"
#include "sync/store/fake_store.hpp"

namespace holdfast::edge_agent {
namespace {

using base::Code;
using base::Digest;

const std::string kBody = "a body that comes in pieces of ten bytes";

sync::Part piece(std::size_t offset, std::size_t size = 10, const std::string& of = kBody) {
  return {Digest::of(of), static_cast<std::uint32_t>(of.size()), static_cast<std::uint32_t>(offset),
          of.substr(offset, size)};
}

class PartBookTest : public testing::Test {
 protected:
  sync::FakeStore store{{kAgentTables.begin(), kAgentTables.end()}};
  PartBook book{store};
  const Digest digest = Digest::of(kBody);
};

TEST_F(PartBookTest, PutsPiecesTogether) {
  for (std::size_t at = 0; at < kBody.size(); at += 10) EXPECT_EQ(book.take(piece(at)), true);
  ASSERT_TRUE(book.is_complete(digest));
  EXPECT_EQ(book.whole(digest), kBody);
}

TEST_F(PartBookTest, GoesOnAfterARestart) {
  EXPECT_TRUE(book.take(piece(0)));
  EXPECT_TRUE(book.take(piece(10)));
  PartBook again(store);
  ASSERT_TRUE(again.load());
  EXPECT_EQ(again.have(digest), 20U);
  EXPECT_EQ(again.take(piece(20, 20)), true);
  EXPECT_EQ(again.whole(digest), kBody);
}

TEST_F(PartBookTest, WhatComesTwiceOrTooEarlyChangesNothing) {
  EXPECT_EQ(book.take(piece(10)), false);
  EXPECT_EQ(book.have(digest), 0U);
  EXPECT_EQ(book.take(piece(0)), true);
  const auto commits = store.commits();
  EXPECT_EQ(book.take(piece(0)), false);
  EXPECT_EQ(book.take(piece(30)), false);
  EXPECT_EQ(store.commits(), commits);
  EXPECT_EQ(book.have(digest), 10U);
}

TEST_F(PartBookTest, WhatDoesNotHaveItsDigestBeginsAnew) {
  auto bad = piece(0);
  bad.bytes[3] = '!';
  EXPECT_TRUE(book.take(bad));
  EXPECT_TRUE(book.take(piece(10, 30)));
  const auto whole = book.whole(digest);
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().code(), Code::kCorrupt);
  EXPECT_EQ(book.have(digest), 0U);
  PartBook again(store);
  ASSERT_TRUE(again.load());
  EXPECT_EQ(again.have(digest), 0U) << "nor is anything left of it in the store";
}

TEST_F(PartBookTest, ASizeThatIsAnotherThanBeforeBeginsAnew) {
  EXPECT_TRUE(book.take(piece(0)));
  auto other = piece(10);
  ++other.total;
  EXPECT_EQ(book.take(other), false);
  EXPECT_EQ(book.have(digest), 0U);
}

TEST_F(PartBookTest, KeepsOnlyWhatIsWanted) {
  const std::string other = "another body";
  EXPECT_TRUE(book.take(piece(0)));
  EXPECT_TRUE(book.take(piece(0, 10, other)));
  ASSERT_TRUE(book.keep_only({Digest::of(other)}));
  EXPECT_EQ(book.have(digest), 0U);
  EXPECT_EQ(book.have(Digest::of(other)), 10U);
  const auto commits = store.commits();
  ASSERT_TRUE(book.keep_only({Digest::of(other)}));
  EXPECT_EQ(store.commits(), commits) << "nothing to drop, nothing written";
}

TEST_F(PartBookTest, IsBoundedOverAllBodies) {
  namespace limits = base::limits;
  const std::string full(limits::kPartBytesMax, 'x');
  const auto part = [&](const char* name, std::size_t offset) {
    return sync::Part{Digest::of(name), limits::kSectionBytesMax, static_cast<std::uint32_t>(offset), full};
  };
  for (const char* name : {"a", "b"}) {
    for (std::size_t at = 0; at < limits::kSectionBytesMax; at += full.size())
      ASSERT_EQ(book.take(part(name, at)), true);
  }
  const auto over = book.take(part("c", 0));
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code(), Code::kLimit);
}

TEST_F(PartBookTest, AFullDiskIsAnErrorAndKeepsWhatIsThere) {
  EXPECT_TRUE(book.take(piece(0)));
  store.full_after(0);
  EXPECT_FALSE(book.take(piece(10)));
  EXPECT_EQ(book.have(digest), 10U);
  store.full_after(std::nullopt);
  EXPECT_EQ(book.take(piece(10)), true);
}

}  // namespace
}  // namespace holdfast::edge_agent
