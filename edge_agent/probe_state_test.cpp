// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/probe_state.hpp"

#include <gtest/gtest.h>

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
constexpr base::MonotonicTime kStart{1h};

sync::Probe probe(std::int32_t success, std::int32_t failure) {
  sync::Probe probe;
  probe.action = sync::TcpSocketAction{};
  probe.initial_delay = 5s;
  probe.period = 10s;
  probe.success_threshold = success;
  probe.failure_threshold = failure;
  return probe;
}

TEST(ProbeState, WaitsForTheInitialDelayThenForThePeriod) {
  ProbeState state;
  state.begin(probe(1, 1), kStart);
  EXPECT_EQ(state.due(), kStart + 5s);
  state.sent();
  EXPECT_FALSE(state.due()) << "one at a time";
  state.result(probe(1, 1), true, "", kStart + 6s);
  EXPECT_EQ(state.due(), kStart + 16s);
}

struct Row {
  const char* name;
  std::int32_t success;
  std::int32_t failure;
  const char* results;  ///< '+' and '-'
  ProbeVerdict verdict;
};

class ProbeThresholds : public ::testing::TestWithParam<Row> {};

TEST_P(ProbeThresholds, Decide) {
  const auto& row = GetParam();
  ProbeState state;
  state.begin(probe(row.success, row.failure), kStart);
  for (const char* at = row.results; *at != '\0'; ++at) {
    state.sent();
    state.result(probe(row.success, row.failure), *at == '+', "why", kStart);
  }
  EXPECT_EQ(state.verdict(), row.verdict);
}

INSTANTIATE_TEST_SUITE_P(Table, ProbeThresholds,
                         ::testing::Values(Row{"NothingYet", 1, 3, "", ProbeVerdict::kUnknown},
                                           Row{"OneSuccess", 1, 3, "+", ProbeVerdict::kPassing},
                                           Row{"TooFewSuccesses", 2, 3, "+", ProbeVerdict::kUnknown},
                                           Row{"BrokenRow", 2, 3, "+-+", ProbeVerdict::kUnknown},
                                           Row{"EnoughSuccesses", 2, 3, "++", ProbeVerdict::kPassing},
                                           Row{"TooFewFailures", 1, 3, "+--", ProbeVerdict::kPassing},
                                           Row{"EnoughFailures", 1, 3, "+---", ProbeVerdict::kFailing},
                                           Row{"ASuccessBetween", 1, 3, "--+--", ProbeVerdict::kPassing},
                                           Row{"Recovered", 1, 1, "-+", ProbeVerdict::kPassing}),
                         [](const auto& info) { return info.param.name; });

TEST(ProbeState, OneThatCouldNotBeStartedSaysNothing) {
  ProbeState state;
  state.begin(probe(1, 1), kStart);
  state.missed(probe(1, 1), "too many at once", kStart + 5s);
  EXPECT_EQ(state.verdict(), ProbeVerdict::kUnknown);
  EXPECT_EQ(state.due(), kStart + 15s);
  EXPECT_EQ(state.detail(), "too many at once") << "but it is told why nothing is known";
  state.result(probe(1, 1), true, "", kStart + 16s);
  state.missed(probe(1, 1), "too many at once", kStart + 26s);
  EXPECT_EQ(state.verdict(), ProbeVerdict::kPassing);
  EXPECT_EQ(state.detail(), "");
}

TEST(ProbeState, OneThatWasCalledOffIsDueAsBefore) {
  ProbeState state;
  state.begin(probe(1, 1), kStart);
  state.sent();
  state.cancelled();
  EXPECT_EQ(state.due(), kStart + 5s);
}

}  // namespace
}  // namespace holdfast::edge_agent
