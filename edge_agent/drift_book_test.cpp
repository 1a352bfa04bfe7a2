// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/drift_book.hpp"

#include <gtest/gtest.h>

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
const sync::Claim kClaim{sync::ClaimKind::kPath, "/etc/a"};

TEST(DriftBook, RepairsAtOnceThenBacksOffUpToFiveMinutes) {
  DriftBook book;
  base::MonotonicTime now{1h};
  for (const auto wait : {0s, 2s, 6s, 18s, 54s, 162s, 300s, 300s}) {
    EXPECT_EQ(book.found(kClaim, now) - now, wait);
    now = book.found(kClaim, now);
    book.repaired(kClaim);
    now += 1s;
  }
}

TEST(DriftBook, AskingWhileItWaitsIsNotAnotherDrift) {
  DriftBook book;
  const base::MonotonicTime now{1h};
  book.found(kClaim, now);
  book.repaired(kClaim);
  const auto ready = book.found(kClaim, now + 1s);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(book.found(kClaim, now + 1s + i * 100ms), ready);
  EXPECT_EQ(book.waiting(now + 1s), 1U);
  EXPECT_EQ(book.waiting(ready), 0U);
}

TEST(DriftBook, StartsAnewAfterTenQuietMinutes) {
  DriftBook book;
  const base::MonotonicTime now{1h};
  book.found(kClaim, now);
  book.repaired(kClaim);
  EXPECT_EQ(book.found(kClaim, now + 10min), now + 10min);
}

TEST(DriftBook, StartsAnewAfterAReset) {
  DriftBook book;
  const base::MonotonicTime now{1h};
  book.found(kClaim, now);
  book.repaired(kClaim);
  book.reset(kClaim);
  EXPECT_EQ(book.found(kClaim, now + 1s), now + 1s);
}

}  // namespace
}  // namespace holdfast::edge_agent
