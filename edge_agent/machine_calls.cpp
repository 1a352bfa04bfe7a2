// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/machine_calls.hpp"

#include <sys/statvfs.h>

namespace holdfast::edge_agent {

std::optional<DiskSpace> disk_space(const std::string& path) {
  struct statvfs about{};
  if (::statvfs(path.c_str(), &about) != 0 || about.f_blocks == 0) return std::nullopt;
  const std::uint64_t block = about.f_frsize;  // a word on 32 bits would not hold the product
  return DiskSpace{about.f_blocks * block, about.f_bavail * block};
}

std::optional<bool> clock_synced() {
  timex state{};  // modes 0: only asked
  if (::adjtimex(&state) < 0) return std::nullopt;
  return is_synced(state);
}

bool is_synced(const timex& state) {
  constexpr long kErrorMaxMicroseconds = 16'000'000;  // NTP_PHASE_LIMIT of the kernel
  return state.maxerror < kErrorMaxMicroseconds;
}

}  // namespace holdfast::edge_agent
