// SPDX-License-Identifier: Apache-2.0
// The records of a run folder as values: what the agent writes for a shim and reads from it. Format:
// base/run_format.hpp. Pure.
// Threads: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/account_names.hpp"
#include "base/host.hpp"

namespace holdfast::base {

struct StartRecord {
  std::string run;  ///< nonce of this start: ties `state` and `stop` to it
  std::string boot_id;
  std::string mark;
  std::string spec_digest;
  std::string limits_unenforced;
  std::optional<Credentials> user;
  std::string working_dir = "/";
  std::vector<std::string> cgroups;       ///< entered before the program runs: they limit it
  std::vector<std::string> late_cgroups;  ///< entered soon after: they only hold it together
  std::vector<std::string> argv;
  std::vector<std::pair<std::string, std::string>> env;
  std::vector<std::string> all_cgroups() const;
  bool operator==(const StartRecord&) const = default;
};
std::string to_text(const StartRecord& record);
Result<StartRecord> parse_start_record(std::string_view text);

struct StateRecord {
  std::string run;
  bool exited = false;
  ProcessIdentity shim;
  ProcessIdentity workload;
  WallTime started{};
  WallTime ended{};
  std::int32_t exit_code = 0;
  std::int32_t exit_signal = 0;
  std::string detail;
};
Result<StateRecord> parse_state_record(std::string_view text);

struct StopRecord {
  std::string run;
  std::chrono::milliseconds grace{0};
};
std::string to_text(const StopRecord& record);
Result<StopRecord> parse_stop_record(std::string_view text);

}  // namespace holdfast::base
