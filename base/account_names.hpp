// SPDX-License-Identifier: Apache-2.0
// Names of users and groups to numbers, from the text of passwd and group files: the agent is static and asks
// no name service, and files beneath --root follow that root's names, not the host's. Pure.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace holdfast::base {

/// Who a process runs as.
struct Credentials {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> groups;  ///< all of them, the primary one too
  bool operator==(const Credentials&) const = default;
};

bool is_number(std::string_view text);
/// A decimal id below 2^32 - 1, the value the kernel keeps for "none".
Result<std::uint32_t> parse_id(std::string_view text);
/// Code::kNotFound names the user or group.
Result<std::uint32_t> user_id_in(std::string_view passwd, std::string_view user);
Result<std::uint32_t> group_id_in(std::string_view group_file, std::string_view group);
/// `user` is a name, "uid" or "uid:gid". A number that no line has runs with the group of the same number.
Result<Credentials> credentials_in(std::string_view passwd, std::string_view group_file,
                                   std::string_view user);

}  // namespace holdfast::base
