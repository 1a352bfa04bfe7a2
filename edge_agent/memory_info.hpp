// SPDX-License-Identifier: Apache-2.0
// MemoryInfo: of /proc/meminfo what says how much there is, and how much a new program could have without swapping (MemAvailable).
// https://docs.kernel.org/filesystems/proc.html#meminfo
// Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace holdfast::edge_agent {

struct MemoryInfo {
  std::uint64_t total = 0;  ///< bytes, as the next
  std::uint64_t available = 0;
  bool operator==(const MemoryInfo&) const = default;
};

/// Nothing where one of the two is missing, or the total is 0.
std::optional<MemoryInfo> memory_info(std::string_view meminfo);

}  // namespace holdfast::edge_agent
