// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/memory_info.hpp"

#include <charconv>
#include <string>

namespace holdfast::edge_agent {

namespace {

/// Of "MemTotal:       32181716 kB", in bytes.
std::optional<std::uint64_t> line_of(std::string_view meminfo, std::string_view name) {
  auto at = meminfo.starts_with(name) ? 0 : meminfo.find("\n" + std::string(name));
  if (at == std::string_view::npos) return std::nullopt;
  at = meminfo.find_first_of("0123456789", at);
  if (at == std::string_view::npos) return std::nullopt;
  std::uint64_t kibibytes = 0;
  if (std::from_chars(meminfo.data() + at, meminfo.data() + meminfo.size(), kibibytes).ec != std::errc{})
    return std::nullopt;
  return kibibytes << 10U;
}

}  // namespace

std::optional<MemoryInfo> memory_info(std::string_view meminfo) {
  const auto total = line_of(meminfo, "MemTotal:");
  const auto available = line_of(meminfo, "MemAvailable:");
  if (!total || !available || *total == 0) return std::nullopt;
  return MemoryInfo{*total, *available};
}

}  // namespace holdfast::edge_agent
