// SPDX-License-Identifier: Apache-2.0
#include "sync/link/reconnect.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/fake_random.hpp"

namespace holdfast::sync {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

TEST(Reconnect, WindowIsTheGivenOneAndWidensOnlyAfterTenFailures) {
  struct Row {
    milliseconds given;
    int failures;
    milliseconds window;
  };
  const std::vector<Row> rows = {
      {5s, 1, 5s},      {5s, 10, 5s},       {5s, 11, 10s},
      {5s, 12, 20s},    {5s, 16, 300s},     {5s, 17, 300s},
      {5s, 1000, 300s}, {400s, 1000, 400s}, {1ms, 2'000'000'000, 300s},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(reconnect_window(row.given, row.failures), row.window)
        << row.given.count() << " ms, " << row.failures;
  }
}

TEST(Reconnect, WaitsAreSpreadOverTheWholeWindow) {
  base::FakeRandom random(1);
  std::vector<milliseconds> waits;
  waits.reserve(1000);
  for (int i = 0; i < 1000; ++i) waits.push_back(reconnect_wait(5s, 1, random));
  EXPECT_LT(*std::min_element(waits.begin(), waits.end()), 100ms);
  EXPECT_GT(*std::max_element(waits.begin(), waits.end()), 4900ms);
  EXPECT_LE(*std::max_element(waits.begin(), waits.end()), 5s);
}

}  // namespace
}  // namespace holdfast::sync
