// SPDX-License-Identifier: Apache-2.0
// Addresses of a bus: which are taken, and what is said of the others.
#include "base/systemd/bus_socket.hpp"

#include <gtest/gtest.h>

namespace holdfast::base {
namespace {

TEST(BusSocket, IsThePathOfAUnixAddress) {
  EXPECT_EQ(bus_socket_path("unix:path=/run/dbus/system_bus_socket"), "/run/dbus/system_bus_socket");
  EXPECT_EQ(bus_socket_path("unix:path=/a/b,guid=0123"), "/a/b");
}

TEST(BusSocket, OtherAddressesAreRefused) {
  for (const std::string address :
       {"", "/run/dbus/system_bus_socket", "tcp:host=localhost,port=1", "unix:abstract=a",
        "unix:path=relative", "unix:path=/a;unix:path=/b", "unix:path=/a%20b"}) {
    const auto path = bus_socket_path(address);
    ASSERT_FALSE(path) << address;
    EXPECT_EQ(path.error().code(), Code::kInvalid) << address;
    EXPECT_NE(path.error().message().find("is no address of a bus such as"), std::string::npos);
  }
}

TEST(BusSocket, APathThatNoSocketCanHaveIsRefused) {
  EXPECT_TRUE(bus_socket_path("unix:path=/" + std::string(106, 'a')));
  EXPECT_EQ(bus_socket_path("unix:path=/" + std::string(107, 'a')).error().code(), Code::kLimit);
}

}  // namespace
}  // namespace holdfast::base
