// SPDX-License-Identifier: Apache-2.0
// A file of a time zone, written from values, so that tests need no tzdata on the machine that runs them.
// Only for tests and *_fuzz.cpp.
// Threads: pure function.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sync/model/posix_zone.hpp"

namespace holdfast::sync {

inline std::string big_endian(std::uint64_t number, unsigned width) {
  std::string out;
  for (unsigned i = width; i > 0; --i) out += static_cast<char>(number >> (8 * (i - 1)) & 0xffU);
  return out;
}

/// RFC 8536, version 2, each change with a type of its own; `first` is what held before them.
inline std::string tzif(std::chrono::seconds first, const std::vector<ZoneChange>& changes,
                        std::string_view rule) {
  const auto header = [](std::size_t change_count, std::size_t type_count) {
    std::string out = "TZif2" + std::string(15, '\0');
    for (const std::size_t count :
         {std::size_t{0}, std::size_t{0}, std::size_t{0}, change_count, type_count, std::size_t{4}}) {
      out += big_endian(count, 4);
    }
    return out;
  };
  const auto type = [](std::chrono::seconds offset) {
    return big_endian(static_cast<std::uint64_t>(offset.count()), 4) + std::string(2, '\0');
  };
  std::string out =
      header(0, 1) + type(first) + std::string("LMT\0", 4) + header(changes.size(), changes.size() + 1);
  for (const auto& change : changes)
    out += big_endian(static_cast<std::uint64_t>(change.at.time_since_epoch().count()), 8);
  for (std::size_t i = 0; i < changes.size(); ++i) out += static_cast<char>(i + 1);
  out += type(first);
  for (const auto& change : changes) out += type(change.offset);
  return out + std::string("LMT\0", 4) + "\n" + std::string(rule) + "\n";
}

inline constexpr std::string_view kBerlinRule = "CET-1CEST,M3.5.0,M10.5.0/3";
inline constexpr std::string_view kNewYorkRule = "EST5EDT,M3.2.0,M11.1.0";

}  // namespace holdfast::sync
