// SPDX-License-Identifier: Apache-2.0
// Content of kind Unit: what a unit of systemd on the node must be. With `content` the whole unit file is ours, with
// `dropIn` one file beside a unit that the distribution brings; with neither only whether it is enabled and runs.
// Threads: plain values.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "sync/model/claim.hpp"

namespace holdfast::sync {

/// Where the unit files are that an administrator, or we, wrote.
inline constexpr std::string_view kUnitFolder = "/etc/systemd/system/";

enum class UnitRun { kRunning, kStopped };

struct UnitDropIn {
  std::string name;  ///< "10-limits.conf"
  std::string content;
  bool operator==(const UnitDropIn&) const = default;
};

/// At least one of content, drop_in, enabled and run is set; never both of the first two.
struct UnitSpec {
  std::string name;  ///< "camera.service"
  std::optional<std::string> content;
  std::optional<UnitDropIn> drop_in;
  std::optional<bool> enabled;        ///< none: left as it is
  std::optional<UnitRun> run;         ///< none: left as it is
  std::chrono::seconds min_ready{0};  ///< minReadySeconds: up for so long before it counts as healthy
  std::vector<std::string>
      restart_on{};  ///< briefs of ConfigMaps, Secrets and Files of its application and namespace
};

base::Result<UnitSpec> parse_unit_spec(const base::Json& object);
/// A unit's full name as systemd takes it, of a type that can be kept. No template.
base::Status check_unit_name(std::string_view name);
/// The path of the file that it writes; empty: none.
std::string path_of_unit(const UnitSpec& spec);
/// Sorted: the path, then the unit.
std::vector<Claim> claims_of_unit(const UnitSpec& spec);

}  // namespace holdfast::sync
