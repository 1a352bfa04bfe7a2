// SPDX-License-Identifier: Apache-2.0
#include "base/systemd/bus_message.hpp"

#include "base/limits/units.hpp"

namespace holdfast::base {
namespace {

constexpr std::size_t kHeaderBytes = DBUS_MINIMUM_HEADER_SIZE;

/// Of libdbus; frees what it says.
class BusError {
 public:
  BusError() { dbus_error_init(&error_); }
  ~BusError() { dbus_error_free(&error_); }
  BusError(const BusError&) = delete;
  BusError& operator=(const BusError&) = delete;
  DBusError* get() { return &error_; }
  std::string text() const { return error_.message == nullptr ? "no reason given" : error_.message; }

 private:
  DBusError error_{};
};

}  // namespace

BusMessage bus_call(const BusMethod& method, const std::vector<std::string>& arguments) {
  BusMessage message(
      dbus_message_new_method_call(method.destination, method.path.c_str(), method.interface, method.member));
  dbus_message_set_auto_start(message.get(), FALSE);
  for (const auto& argument : arguments) {
    const char* text = argument.c_str();
    dbus_message_append_args(message.get(), DBUS_TYPE_STRING, &text, DBUS_TYPE_INVALID);
  }
  return message;
}

void add_strings(DBusMessage& message, const std::vector<std::string>& strings) {
  DBusMessageIter all{};
  DBusMessageIter array{};
  dbus_message_iter_init_append(&message, &all);
  dbus_message_iter_open_container(&all, DBUS_TYPE_ARRAY, DBUS_TYPE_STRING_AS_STRING, &array);
  for (const auto& string : strings) {
    const char* text = string.c_str();
    dbus_message_iter_append_basic(&array, DBUS_TYPE_STRING, &text);
  }
  dbus_message_iter_close_container(&all, &array);
}

void add_flag(DBusMessage& message, bool flag) {
  const dbus_bool_t value = flag ? TRUE : FALSE;
  dbus_message_append_args(&message, DBUS_TYPE_BOOLEAN, &value, DBUS_TYPE_INVALID);
}

Result<std::string> encode_bus_message(DBusMessage& message, std::uint32_t serial) {
  dbus_message_set_serial(&message, serial);
  char* bytes = nullptr;
  int size = 0;
  if (dbus_message_marshal(&message, &bytes, &size) == FALSE)
    return fail(Code::kInternal, "a message for systemd could not be written");
  std::string out(bytes, static_cast<std::size_t>(size));
  dbus_free(bytes);
  return out;
}

Result<std::size_t> bus_message_size(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes) return std::size_t{0};
  const int size = dbus_message_demarshal_bytes_needed(bytes.data(), static_cast<int>(kHeaderBytes));
  if (size <= 0) return fail(Code::kCorrupt, "what came from the bus is no message");
  if (static_cast<std::size_t>(size) > limits::kBusMessageBytesMax)
    return fail(Code::kLimit, "a message of " + std::to_string(size) + " bytes came from the bus; at most " +
                                  std::to_string(limits::kBusMessageBytesMax) + " are read");
  return static_cast<std::size_t>(size);
}

Result<BusMessage> decode_bus_message(std::string_view bytes) {
  BusError error;
  BusMessage message(dbus_message_demarshal(bytes.data(), static_cast<int>(bytes.size()), error.get()));
  if (!message) return fail(Code::kCorrupt, "a message from the bus cannot be read: " + error.text());
  return message;
}

BusValue::BusValue(DBusMessage& message) { is_empty_ = dbus_message_iter_init(&message, &at_) == FALSE; }

int BusValue::type() const { return is_empty_ ? DBUS_TYPE_INVALID : dbus_message_iter_get_arg_type(&at_); }

bool BusValue::is_there() const { return type() != DBUS_TYPE_INVALID; }

void BusValue::next() {
  if (!is_empty_) dbus_message_iter_next(&at_);
}

std::string BusValue::text() const {
  const int is = type();
  if (is != DBUS_TYPE_STRING && is != DBUS_TYPE_OBJECT_PATH) return "";
  const char* text = nullptr;
  dbus_message_iter_get_basic(&at_, &text);
  return text == nullptr ? "" : text;
}

std::int64_t BusValue::number() const {
  DBusBasicValue value{};
  switch (type()) {
    case DBUS_TYPE_UINT32: dbus_message_iter_get_basic(&at_, &value); return value.u32;
    case DBUS_TYPE_INT32: dbus_message_iter_get_basic(&at_, &value); return value.i32;
    case DBUS_TYPE_UINT64:
      dbus_message_iter_get_basic(&at_, &value);
      return static_cast<std::int64_t>(value.u64);
    case DBUS_TYPE_INT64: dbus_message_iter_get_basic(&at_, &value); return value.i64;
    default: return 0;
  }
}

bool BusValue::flag() const {
  if (type() != DBUS_TYPE_BOOLEAN) return false;
  dbus_bool_t value = FALSE;
  dbus_message_iter_get_basic(&at_, &value);
  return value != FALSE;
}

std::string BusValue::bytes() const {
  if (type() != DBUS_TYPE_ARRAY || dbus_message_iter_get_element_type(&at_) != DBUS_TYPE_BYTE) return "";
  DBusMessageIter array{};
  dbus_message_iter_recurse(&at_, &array);
  const char* bytes = nullptr;
  int size = 0;
  if (dbus_message_iter_get_arg_type(&array) == DBUS_TYPE_INVALID) return "";
  dbus_message_iter_get_fixed_array(&array, &bytes, &size);
  return {bytes, static_cast<std::size_t>(size)};
}

std::vector<std::string> BusValue::texts() const {
  std::vector<std::string> out;
  if (type() != DBUS_TYPE_ARRAY) return out;
  BusValue element;
  dbus_message_iter_recurse(&at_, &element.at_);
  for (; element.is_there(); element.next()) out.push_back(element.text());
  return out;
}

BusValue BusValue::first() const {
  BusValue member;
  member.is_empty_ = type() != DBUS_TYPE_STRUCT;
  if (!member.is_empty_) dbus_message_iter_recurse(&at_, &member.at_);
  return member;
}

BusValue BusValue::inner() const {
  if (type() != DBUS_TYPE_VARIANT) return *this;
  BusValue value;
  dbus_message_iter_recurse(&at_, &value.at_);
  return value;
}

void BusValue::each_property(
    const std::function<void(const std::string& name, const BusValue& value)>& read) const {
  if (type() != DBUS_TYPE_ARRAY || dbus_message_iter_get_element_type(&at_) != DBUS_TYPE_DICT_ENTRY) return;
  BusValue entry;
  dbus_message_iter_recurse(&at_, &entry.at_);
  for (; entry.is_there(); entry.next()) {
    BusValue member;
    dbus_message_iter_recurse(&entry.at_, &member.at_);
    const std::string name = member.text();
    member.next();
    read(name, member.inner());
  }
}

}  // namespace holdfast::base

// libdbus's archive asks libsystemd, which has no static form, for the sockets that a bus daemon was started with. No
// program of ours is one, so there are none.
extern "C" {
int sd_listen_fds(int unset_environment);
int sd_is_socket(int fd, int family, int type, int listening);

[[gnu::weak]] int sd_listen_fds(int /*unset_environment*/) { return 0; }
[[gnu::weak]] int sd_is_socket(int /*fd*/, int /*family*/, int /*type*/, int /*listening*/) { return 0; }
}
