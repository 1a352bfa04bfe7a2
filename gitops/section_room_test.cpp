// SPDX-License-Identifier: Apache-2.0
// A section's room: at its limits, and over them.
#include "gitops/section_room.hpp"

#include <gtest/gtest.h>

#include "base/limits/model.hpp"
#include "sync/model/section.hpp"

namespace holdfast::gitops {
namespace {

namespace limits = base::limits;

TEST(SectionRoom, HoldsAllItsBytesAndNotOneMore) {
  SectionRoom room;
  const std::size_t left = room.bytes_left();
  EXPECT_TRUE(room.take(left - 1));
  EXPECT_EQ(room.bytes_left(), 0U);
  EXPECT_FALSE(room.is_full()) << "nothing was refused yet";
  EXPECT_EQ(room.take(0).error().message(),
            "with this resource the application's section takes 8388609 bytes; at most 8388608 fit; make it "
            "several applications");
  EXPECT_TRUE(room.is_full());
}

TEST(SectionRoom, HoldsSoManyResources) {
  SectionRoom room;
  for (std::size_t i = 0; i < limits::kResourcesPerSectionMax; ++i) ASSERT_TRUE(room.take(10));
  EXPECT_EQ(room.take(10).error().message(),
            "the application has more than 5000 resources; make it several applications");
}

TEST(SectionRoom, StaysFull) {
  SectionRoom room;
  EXPECT_FALSE(room.take(limits::kSectionBytesMax));
  EXPECT_FALSE(room.take(1));
}

TEST(SectionRoom, LeavesRoomForTheLongestPolicy) {
  sync::SectionPolicy longest;
  longest.prune_limit = sync::PruneLimit::parse("4294967295").value();
  longest.retry = {limits::kRetryLimitMax, limits::kRetryDelayMax, limits::kRetryFactorMax,
                   limits::kRetryDelayMax};
  longest.progress_deadline = limits::kProgressDeadlineMax;
  EXPECT_LE(sync::encode_section({longest, {}}).size(), SectionRoom::kFrameBytesMax);
}

}  // namespace
}  // namespace holdfast::gitops
