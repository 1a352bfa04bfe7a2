// SPDX-License-Identifier: Apache-2.0
// Whether a process is still the one it was: pids are used again, boots begin anew (ProcessIdentity).
// Threads: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/host.hpp"

namespace holdfast::base {

/// The kernel's boot id; empty where it does not say.
std::string read_boot_id();

/// One line of /proc/PID/stat. The name in it may hold spaces and parentheses.
struct ProcessStat {
  char state = '?';
  std::int64_t parent = 0;
  std::int64_t session = 0;
  std::uint64_t start_time = 0;
};
std::optional<ProcessStat> parse_process_stat(std::string_view line);
std::optional<ProcessStat> read_process_stat(std::int64_t pid);

/// Lives right now, on this boot, and is not just a zombie that nobody has waited for.
bool is_alive(const ProcessIdentity& identity, std::string_view boot_id_now);
/// Every process of a session, for those that left their group.
std::vector<std::int64_t> pids_of_session(std::int64_t session);

}  // namespace holdfast::base
