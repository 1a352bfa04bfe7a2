// SPDX-License-Identifier: Apache-2.0
// Messages of a bus: written, read, and refused where they are none.
#include "base/systemd/bus_message.hpp"

#include <gtest/gtest.h>

#include "base/limits/units.hpp"

namespace holdfast::base {
namespace {

const std::string kPath = "/a/b";

std::string call_bytes(const std::vector<std::string>& arguments) {
  const auto message =
      bus_call({.destination = "x.y", .path = kPath, .interface = "x.y.Z", .member = "Do"}, arguments);
  return encode_bus_message(*message, 7).value_or("");
}

TEST(BusMessage, WhatIsWrittenIsRead) {
  const std::string bytes = call_bytes({"one", "two"});
  ASSERT_EQ(bus_message_size(bytes), bytes.size());
  const auto message = decode_bus_message(bytes);
  ASSERT_TRUE(message) << message.error().message();
  EXPECT_EQ(dbus_message_get_serial(message->get()), 7U);
  BusValue argument(**message);
  EXPECT_EQ(argument.text(), "one");
  argument.next();
  EXPECT_EQ(argument.text(), "two");
  argument.next();
  EXPECT_FALSE(argument.is_there());
}

TEST(BusMessage, AValueOfAnotherTypeIsNothing) {
  const auto message = decode_bus_message(call_bytes({"one"}));
  ASSERT_TRUE(message);
  const BusValue argument(**message);
  EXPECT_EQ(argument.number(), 0);
  EXPECT_FALSE(argument.flag());
  EXPECT_EQ(argument.bytes(), "");
  EXPECT_TRUE(argument.texts().empty());
  EXPECT_FALSE(argument.first().is_there());
  argument.each_property(
      [](const std::string&, const BusValue&) { ADD_FAILURE() << "it has no properties"; });
}

TEST(BusMessage, OneWithoutArgumentsHasNone) {
  const auto message = decode_bus_message(call_bytes({}));
  ASSERT_TRUE(message);
  EXPECT_FALSE(BusValue(**message).is_there());
}

TEST(BusMessage, APieceIsNotAMessageYet) {
  const std::string bytes = call_bytes({"one"});
  EXPECT_EQ(bus_message_size(bytes.substr(0, 15)), 0U);
  EXPECT_EQ(bus_message_size(bytes.substr(0, 16)), bytes.size()) << "its head says how long it is";
}

TEST(BusMessage, WhatIsNoneIsRefused) {
  EXPECT_EQ(bus_message_size(std::string(16, 'x')).error().code(), Code::kCorrupt);
  std::string bytes = call_bytes({"one"});
  bytes.back() = 'x';  // where the string ends
  EXPECT_EQ(decode_bus_message(bytes).error().code(), Code::kCorrupt);
}

TEST(BusMessage, ALongOneIsRefusedByItsHead) {
  EXPECT_TRUE(bus_message_size(call_bytes({std::string(limits::kBusMessageBytesMax - 1000, 'x')})));
  const auto size = bus_message_size(call_bytes({std::string(limits::kBusMessageBytesMax + 1, 'x')}));
  ASSERT_FALSE(size);
  EXPECT_EQ(size.error().code(), Code::kLimit);
}

}  // namespace
}  // namespace holdfast::base
