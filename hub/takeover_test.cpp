// SPDX-License-Identifier: Apache-2.0
#include "hub/takeover.hpp"

#include <gtest/gtest.h>

namespace holdfast::hub {
namespace {

using namespace std::string_literals;

TEST(Takeover, ConnectsWithACleanSessionUnderTheNodesName) {
  EXPECT_EQ(connect_packet("n1", {.socket = "", .user = "u", .password = "pw"}),
            "\x10\x15\x00\x04MQTT\x04\xc2\x00\x3c\x00\x02n1\x00\x01u\x00\x02pw"s);
}

TEST(Takeover, WritesALengthOfMoreThanOneByte) {
  const auto packet = connect_packet(std::string(200, 'n'), {.socket = "", .user = "u", .password = "p"});
  ASSERT_GT(packet.size(), 3U);
  const auto length =
      (static_cast<unsigned char>(packet[1]) & 0x7fU) + 128U * static_cast<unsigned char>(packet[2]);
  EXPECT_EQ(length, packet.size() - 3);
}

}  // namespace
}  // namespace holdfast::hub
