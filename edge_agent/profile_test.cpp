// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/profile.hpp"

#include <gtest/gtest.h>

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;

TEST(Profile, PromptLetsADeadNodeBeKnownWithinNinetySeconds) {
  EXPECT_LE(pace_of(*parse_profile("prompt")).keep_alive * 3 / 2, 90s);
}

// On IPv4 with TCP timestamps, in bytes: a ping, its answer and the acknowledgement of that; a beacon with TCP's
// acknowledgement. `test/run bench` counts them on an interface.
std::int64_t idle_bytes_a_month(std::chrono::seconds keep_alive, std::chrono::milliseconds beacon) {
  constexpr std::int64_t kPingBytes = 76 + 76 + 52;
  constexpr std::int64_t kBeaconBytes = 330 + 52;
  constexpr std::chrono::milliseconds kMonth = 24h * 30;
  return kMonth / keep_alive * kPingBytes + kMonth / beacon * kBeaconBytes;
}

TEST(Profile, PromptStaysBelowTenMegabytesAMonth) {
  const Pace pace = pace_of(*parse_profile("prompt"));
  EXPECT_LT(idle_bytes_a_month(pace.keep_alive, (pace.beacon_min + pace.beacon_max) / 2), 10'000'000);
}

TEST(Profile, FrugalStaysBelowAMegabyteAMonth) {
  const Pace pace = pace_of(*parse_profile("frugal"));
  EXPECT_GE(pace.keep_alive, 15min);
  EXPECT_LT(idle_bytes_a_month(pace.keep_alive, pace.beacon_min), 1'000'000);
}

TEST(Profile, AnotherWordIsRefusedWithThoseThatThereAre) {
  EXPECT_EQ(parse_profile("fast").error().message(), "'fast': there is prompt and frugal");
}

}  // namespace
}  // namespace holdfast::edge_agent
