// SPDX-License-Identifier: Apache-2.0
// What cannot be said to a node is an error of who asked, and of nobody else.
#include "hub/command_desk.hpp"

#include <gtest/gtest.h>

#include "hub/fake_fleet.hpp"

namespace holdfast::hub {
namespace {

TEST(CommandDesk, RefusesArgumentsThatNoNodeCouldRead) {
  FakeFleet fleet;
  fleet.add_node("cam-1");
  fleet.settle();
  LogsQuery no_text;
  no_text.resource = "\xff";
  LogsQuery no_number;
  no_number.tail_lines = 9'007'199'254'740'993;
  for (const auto& query : {no_text, no_number}) {
    std::optional<base::Result<std::string>> answer;
    fleet.hub->logs("cam-1", query, [&](base::Result<std::string> told) { answer = std::move(told); });
    ASSERT_TRUE(answer) << "at once";
    ASSERT_FALSE(*answer);
    EXPECT_EQ(answer->error().code(), base::Code::kInvalid) << answer->error().message();
  }
  EXPECT_EQ(fleet.node_condition("cam-1", "Ready").substr(0, 4), "True") << "the hub lives";
}

}  // namespace
}  // namespace holdfast::hub
