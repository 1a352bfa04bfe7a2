// SPDX-License-Identifier: Apache-2.0
// Text<N>: a bounded string on the stack, and the few number conversions the shim needs. What does not fit is
// left out. The shim uses no allocation and no standard I/O, to stay small.
// Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace holdfast::base::shim {

template <std::size_t N>
class Text {
 public:
  Text& add(const char* bytes, std::size_t size) {
    const std::size_t room = N - size_;
    const std::size_t taken = size < room ? size : room;
    std::memcpy(data_ + size_, bytes, taken);
    size_ += taken;
    data_[size_] = '\0';
    return *this;
  }
  Text& add(const char* text) { return add(text, std::strlen(text)); }
  Text& add_number(std::int64_t value) {
    char digits[24];
    std::size_t at = sizeof digits;
    const bool negative = value < 0;
    std::uint64_t rest =
        negative ? std::uint64_t{0} - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    do {
      digits[--at] = static_cast<char>('0' + rest % 10);
      rest /= 10;
    } while (rest != 0);
    if (negative) digits[--at] = '-';
    return add(digits + at, sizeof digits - at);
  }
  /// As a record's value: newline and backslash escaped.
  Text& add_escaped(const char* text) {
    for (; *text != '\0'; ++text) {
      if (*text == '\n') {
        add("\\n", 2);
      } else if (*text == '\\') {
        add("\\\\", 2);
      } else {
        add(text, 1);
      }
    }
    return *this;
  }
  void clear() {
    size_ = 0;
    data_[0] = '\0';
  }
  const char* c_str() const { return data_; }
  const char* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  std::size_t size_ = 0;
  char data_[N + 1] = {};
};

/// Reads a decimal number and moves `at` behind it; -1 when there is none.
inline std::int64_t take_number(const char*& at) {
  if (*at < '0' || *at > '9') return -1;
  std::int64_t value = 0;
  for (; *at >= '0' && *at <= '9'; ++at) {
    if (value > (INT64_MAX - 9) / 10) return -1;
    value = value * 10 + (*at - '0');
  }
  return value;
}

}  // namespace holdfast::base::shim
