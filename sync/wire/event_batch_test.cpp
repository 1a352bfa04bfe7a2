// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <limits>

#include "base/limits/agent.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::sync {
namespace {

using base::Code;

std::vector<Event> events(std::size_t count) {
  std::vector<Event> out;
  for (std::size_t i = 0; i < count; ++i)
    out.push_back({base::WallTime(std::chrono::milliseconds(1'767'225'600'000)), EventType::kNormal,
                   "Applied", "web", "", std::to_string(i)});
  return out;
}

TEST(EventBatchMessage, ReadsBackWhatItWrote) {
  const EventBatch batch{7, 17, 3, events(2)};
  EXPECT_EQ(decode_event_batch(encode(batch).body), batch);
  EXPECT_EQ(batch.last(), 18U);
}

TEST(EventBatchMessage, AGapBehindWhichNothingComesIsABatch) {
  const EventBatch batch{7, 17, 3, {}};
  EXPECT_EQ(decode_event_batch(encode(batch).body), batch);
  EXPECT_EQ(batch.last(), 16U) << "all below the first is told";
}

TEST(EventBatchMessage, EveryCutIsRefused) {
  const std::string body = encode(EventBatch{7, 17, 3, events(1)}).body;
  for (std::size_t i = 0; i < body.size(); ++i) EXPECT_FALSE(decode_event_batch(body.substr(0, i))) << i;
}

struct BadBatch {
  const char* name;
  EventBatch batch;
  Code code = Code::kCorrupt;
};
class EventBatchRefuses : public testing::TestWithParam<BadBatch> {};

TEST_P(EventBatchRefuses, WhatNoLogWouldSay) {
  const auto batch = decode_event_batch(encode(GetParam().batch).body);
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().code(), GetParam().code);
}

INSTANTIATE_TEST_SUITE_P(
    Table, EventBatchRefuses,
    testing::Values(BadBatch{"OfNoLog", {0, 1, 0, events(1)}},
                    BadBatch{"WithoutASequence", {7, 0, 0, events(1)}},
                    BadBatch{"MoreLostThanThereWere", {7, 3, 3, events(1)}},
                    BadBatch{"ThatWouldWrap", {7, std::numeric_limits<std::uint64_t>::max(), 0, events(2)}},
                    BadBatch{"OfNothing", {7, 3, 0, {}}},
                    BadBatch{"TooMany", {7, 3, 0, events(base::limits::kEventsUnsentMax + 1)}, Code::kLimit}),
    [](const auto& row) { return row.param.name; });

TEST(EventsStoredMessage, ReadsBackWhatItWroteAndMayGrow) {
  const EventsStored stored{7, 18};
  EXPECT_EQ(decode_events_stored(encode(stored).body), stored);
  EXPECT_EQ(decode_events_stored(encode(stored).body + "of a newer hub"), stored);
  EXPECT_FALSE(decode_events_stored(encode(stored).body.substr(1)));
}

}  // namespace
}  // namespace holdfast::sync
