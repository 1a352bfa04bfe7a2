// SPDX-License-Identifier: Apache-2.0
// What a pull may take: of the line, and of the disk. How it speaks to a registry is tested with one (test/e2e/test_images.py).
#include "edge_agent/registry/image_pull.hpp"

#include <gtest/gtest.h>

#include "base/limits/images.hpp"

namespace holdfast::edge_agent {
namespace {

using base::Code;
using base::MonotonicTime;
using namespace std::chrono_literals;

TEST(Pace, HoldsTheRateOverTime) {
  Pace pace(1'000'000);
  const MonotonicTime start{5min};
  MonotonicTime now = start;
  std::uint64_t bytes = 0;
  for (int i = 0; i < 1'000; ++i) {
    now += pace.after(16'384, now);
    bytes += 16'384;
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(now - start).count();
  EXPECT_NEAR(static_cast<double>(bytes) * 1'000 / static_cast<double>(took), 1'000'000.0, 50'000.0);
}

TEST(Pace, WhatWasNotUsedIsNotSavedUp) {
  Pace pace(1'000);
  EXPECT_EQ(pace.after(1'000, MonotonicTime{0s}), 1s);
  EXPECT_EQ(pace.after(1'000, MonotonicTime{1h}), 1s);
}

TEST(Pace, WithoutALimitNobodyWaits) { EXPECT_EQ(Pace(0).after(1U << 30U, MonotonicTime{1s}), 0ms); }

TEST(Room, IsForWhatIsFetchedAndForWhatTheEngineUnpacks) {
  const std::uint64_t rest = base::limits::kImageFreeBytesMin;
  EXPECT_TRUE(check_room(30, 100, {130 + rest, "/data"}, std::nullopt));
  const auto short_by_one = check_room(30, 100, {129 + rest, "/data"}, std::nullopt);
  ASSERT_FALSE(short_by_one);
  EXPECT_EQ(short_by_one.error().code(), Code::kNoSpace);
  EXPECT_EQ(check_room(300'000'000, 800'000'000, {500'000'000, "/data"}, std::nullopt).error().message(),
            "no room for it: 300 MB are to be fetched, and the engine unpacks at least 800 MB; with a rest "
            "that makes "
            "1168 MB, and /data has 500 MB free");
}

TEST(Room, IsMadeOfWhatNobodyWantsTheOldestFirst) {
  const base::WallTime now{24h * 1'000};
  const auto blob = [](const char* name) { return base::Digest::of(name); };
  const std::vector<FoundBlob> found{{blob("newer"), now - 1h},
                                     {blob("own layer"), now - 24h * 9},
                                     {blob("own manifest"), now - 24h * 9},
                                     {blob("own config"), now - 24h * 9},
                                     {blob("of an image in the engine"), now - 24h * 9},
                                     {blob("oldest"), now - 24h * 8},
                                     {blob("old"), now - 24h * 2}};
  PulledImage own;
  own.manifest = blob("own manifest");
  own.config = blob("own config");
  own.layers = {blob("own layer")};
  PullJob job;
  job.spare = {blob("of an image in the engine")};
  EXPECT_EQ(unwanted_blobs(found, own, job, now),
            (std::vector<base::Digest>{blob("oldest"), blob("old"), blob("newer")}));
  job.others_are_to_come = true;
  EXPECT_EQ(unwanted_blobs(found, own, job, now), (std::vector<base::Digest>{blob("oldest"), blob("old")}))
      << "what came of late may be of the other";
}

TEST(Room, IsLookedForWhereTheEngineUnpacks) {
  const std::uint64_t rest = base::limits::kImageFreeBytesMin;
  EXPECT_TRUE(check_room(30, 100, {30 + rest, "/data"}, Room{100 + rest, "/docker"}));
  const auto none_here = check_room(30, 100, {29 + rest, "/data"}, Room{1'000 + rest, "/docker"});
  ASSERT_FALSE(none_here);
  EXPECT_NE(none_here.error().message().find("/data has"), std::string::npos);
  const auto none_there = check_room(30, 100, {1'000 + rest, "/data"}, Room{99 + rest, "/docker"});
  ASSERT_FALSE(none_there);
  EXPECT_EQ(none_there.error().code(), Code::kNoSpace);
  EXPECT_NE(none_there.error().message().find("/docker has"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::edge_agent
