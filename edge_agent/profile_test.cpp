// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/profile.hpp"

#include <gtest/gtest.h>

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;

TEST(Profile, PromptLetsADeadNodeBeKnownWithinNinetySeconds) {
  EXPECT_LE(pace_of(*parse_profile("prompt")).keep_alive * 3 / 2, 90s);
}

TEST(Profile, FrugalStaysBelowAMegabyteAMonth) {
  const Pace pace = pace_of(*parse_profile("frugal"));
  EXPECT_GE(pace.keep_alive, 15min);
  // On IPv4 with TCP timestamps: a ping is 76 bytes, its answer 76, the acknowledgement 52; a beacon with its own
  // and theirs is below 600 (docs/wire.md).
  constexpr std::int64_t kPingBytes = 76 + 76 + 52;
  constexpr std::int64_t kBeaconBytes = 600;
  constexpr std::chrono::milliseconds kMonth = 24h * 30;
  const auto bytes = kMonth / pace.keep_alive * kPingBytes + kMonth / pace.beacon_min * kBeaconBytes;
  EXPECT_LT(bytes, 1'000'000);
}

TEST(Profile, AnotherWordIsRefusedWithThoseThatThereAre) {
  EXPECT_EQ(parse_profile("fast").error().message(), "'fast': there is prompt and frugal");
}

}  // namespace
}  // namespace holdfast::edge_agent
