// SPDX-License-Identifier: Apache-2.0
// BusMessage: one message of D-Bus, made and read by libdbus. No more of that library is used than this: it would
// connect with calls that block, and end the process where a bus goes away.
// Threads: as the thing owned.
#pragma once

#include <dbus/dbus.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/handle.hpp"
#include "base/result.hpp"

namespace holdfast::base {

using BusMessage = Handle<DBusMessage, &dbus_message_unref>;

struct BusMethod {
  const char* destination;
  const std::string& path;
  const char* interface;
  const char* member;
};

/// With these strings as its arguments. It starts nothing that does not run.
BusMessage bus_call(const BusMethod& method, const std::vector<std::string>& arguments = {});
void add_strings(DBusMessage& message, const std::vector<std::string>& strings);
void add_flag(DBusMessage& message, bool flag);

/// The bytes that travel. REQUIRES: `serial` is not 0.
Result<std::string> encode_bus_message(DBusMessage& message, std::uint32_t serial);
/// How many bytes the first message in `bytes` has, as far as that can be told; 0: not yet. kCorrupt, kLimit.
Result<std::size_t> bus_message_size(std::string_view bytes);
/// REQUIRES: the bytes of exactly one message.
Result<BusMessage> decode_bus_message(std::string_view bytes);

/// One value within a message.
class BusValue {
 public:
  /// The first argument.
  explicit BusValue(DBusMessage& message);
  /// False: there is no more.
  bool is_there() const;
  void next();
  /// Empty, 0 or false where it is of another type.
  std::string text() const;
  std::int64_t number() const;
  bool flag() const;
  std::string bytes() const;
  std::vector<std::string> texts() const;
  /// The first member of a structure, "(uo)".
  BusValue first() const;
  /// Of "a{sv}".
  void each_property(const std::function<void(const std::string& name, const BusValue& value)>& read) const;
  /// Of a variant, what is in it; else itself.
  BusValue inner() const;

 private:
  BusValue() = default;
  int type() const;
  mutable DBusMessageIter at_{};
  bool is_empty_ = false;
};

}  // namespace holdfast::base
