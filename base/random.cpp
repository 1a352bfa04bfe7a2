// SPDX-License-Identifier: Apache-2.0
#include "base/random.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <limits>

namespace holdfast::base {

std::uint64_t Random::next() {
  std::array<std::uint8_t, 8> bytes{};
  fill(bytes);
  std::uint64_t value = 0;
  // By hand, so that a seed gives the same numbers on every byte order.
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8U | bytes[i];
  return value;
}

std::uint64_t Random::below(std::uint64_t bound) {
  if (bound == 0) std::abort();
  // Values from the last, incomplete run of `bound` would favour small results: draw again.
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t excess = (kMax % bound + 1) % bound;
  std::uint64_t value = next();
  while (value > kMax - excess) value = next();
  return value % bound;
}

std::chrono::milliseconds Random::jitter(std::chrono::milliseconds limit) {
  const std::int64_t most = std::max<std::int64_t>(limit.count(), 0);
  return std::chrono::milliseconds(static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most) + 1)));
}

std::string Random::uuid() {
  std::array<std::uint8_t, 16> bytes{};
  fill(bytes);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0fU) | 0x40U);  // version 4
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3fU) | 0x80U);  // variant of RFC 9562
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kDigits[bytes[i] >> 4U];
    text += kDigits[bytes[i] & 0x0fU];
  }
  return text;
}

}  // namespace holdfast::base
