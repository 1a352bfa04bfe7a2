// SPDX-License-Identifier: Apache-2.0
#include "sync/model/host_address.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "sync/model/text.hpp"

namespace holdfast::sync {
namespace {

bool is_ipv4(std::string_view text) {
  const auto parts = split(text, '.');
  return parts.size() == 4 && std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
           const auto number = base::from_decimal(part);  // which takes no leading zero
           return number && *number <= 255;
         });
}

bool is_hex_group(std::string_view group) {
  return !group.empty() && group.size() <= 4 && std::all_of(group.begin(), group.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  });
}

/// How many groups of 16 bits, of which the last two may be written as IPv4; -1: something is none.
int count_groups(std::string_view text, bool may_end_as_ipv4) {
  if (text.empty()) return 0;
  int count = 0;
  const auto groups = split(text, ':');
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const bool is_last = i + 1 == groups.size();
    if (is_hex_group(groups[i])) {
      count += 1;
    } else if (is_last && may_end_as_ipv4 && is_ipv4(groups[i])) {
      count += 2;
    } else {
      return -1;
    }
  }
  return count;
}

bool is_ipv6(std::string_view text) {
  constexpr int kGroups = 8;
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) return count_groups(text, true) == kGroups;
  const int before = count_groups(text.substr(0, gap), false);
  const int after = count_groups(text.substr(gap + 2), true);
  return before >= 0 && after >= 0 && before + after < kGroups;
}

}  // namespace

base::Result<std::string> parse_ip_address(std::string_view text) {
  if (is_ipv4(text) || is_ipv6(text)) return std::string(text);
  return base::fail(base::Code::kInvalid, in_quotes(text) + " is not an IP address");
}

}  // namespace holdfast::sync
