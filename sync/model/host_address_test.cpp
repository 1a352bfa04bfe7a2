// SPDX-License-Identifier: Apache-2.0
#include "sync/model/host_address.hpp"

#include <gtest/gtest.h>

namespace holdfast::sync {
namespace {

TEST(HostAddress, IsAnAddressOfEitherKind) {
  for (const char* text : {"0.0.0.0", "192.168.1.5", "255.255.255.255", "::", "::1", "fd00::17",
                           "1:2:3:4:5:6:7:8", "1::8", "::ffff:10.0.0.7", "1:2:3:4:5:6:7::", "FE80::A"}) {
    EXPECT_TRUE(parse_ip_address(text)) << text;
  }
}

TEST(HostAddress, OrIsRefused) {
  for (const char* text : {"", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ", ":",
                           ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3",
                           "1:2:3:4:5:6:7:8::", "fe80::1%eth0", "[::1]", "12345::", "1.2.3.4::", "::g"}) {
    EXPECT_FALSE(parse_ip_address(text)) << text;
  }
}

}  // namespace
}  // namespace holdfast::sync
