// SPDX-License-Identifier: Apache-2.0
// Events as they travel.
#include "sync/model/event.hpp"

#include <gtest/gtest.h>

#include "base/limits/agent.hpp"
#include "base/limits/model.hpp"

namespace holdfast::sync {
namespace {

namespace limits = base::limits;

Event drift() {
  return {base::WallTime(std::chrono::milliseconds(1'767'225'600'123)),
          EventType::kWarning,
          "DriftHealed",
          "cameras",
          "File/motd",
          "content differs"};
}

TEST(Events, ReadBackWhatWasWritten) {
  const std::vector<Event> events{drift(), {base::WallTime{}, EventType::kNormal, "Started", "", "", ""}};
  EXPECT_EQ(decode_events(encode_events(events)), events);
  EXPECT_EQ(decode_events("[]"), std::vector<Event>{});
}

TEST(Events, MessageIsMadeFitToTravel) {
  Event loud = drift();
  loud.message = std::string(limits::kMessageLengthMax, '\xff');
  const auto events = decode_events(encode_events({loud}));
  ASSERT_TRUE(events) << events.error().message();
  EXPECT_LE(events->front().message.size(), limits::kMessageLengthMax);
}

TEST(Events, TimeThatJsonCannotHoldBecomesTheNearest) {
  Event odd = drift();
  odd.time = base::WallTime::max();
  EXPECT_TRUE(decode_events(encode_events({odd})));
  odd.time = base::WallTime::min();
  EXPECT_EQ(decode_events(encode_events({odd}))->front().time, base::WallTime{});
}

TEST(Events, LetNewMembersPassAndRefuseBadOnes) {
  EXPECT_TRUE(decode_events(R"([{"node":"n","reason":"A","timeMs":1,"type":"Normal"}])"));
  EXPECT_EQ(decode_events(R"([{"reason":"A","timeMs":1,"type":"Loud"}])").error().message(),
            "events[0].type: must be one of Normal, Warning");
  EXPECT_EQ(decode_events(R"([{"reason":"A","timeMs":-1,"type":"Normal"}])").error().message(),
            "events[0].timeMs: must be a whole number from 0 to 9007199254740991");
  EXPECT_FALSE(decode_events("{}"));
}

TEST(Events, AreBoundedInNumber) {
  const std::vector<Event> most(limits::kEventsUnsentMax, drift());
  EXPECT_TRUE(decode_events(encode_events(most)));
  std::vector<Event> over = most;
  over.push_back(drift());
  EXPECT_EQ(decode_events(encode_events(over)).error().code(), base::Code::kLimit);
}

}  // namespace
}  // namespace holdfast::sync
