// SPDX-License-Identifier: Apache-2.0
// ProcessLogs: reads what supervised processes printed, and keeps it bounded. A shim writes raw segments
// `<folder>/<instance>/<sequence>.log`; closed ones (all but the newest) are compressed here to `….log.zst`, and the
// oldest go when a process holds more than limits::kLogBytesPerProcessMax. Works while no agent runs.
// Threads: one; compressing one segment takes a few milliseconds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace holdfast::edge_agent {

struct LogLine {
  base::WallTime time{};
  char stream = 'o';  ///< 'o' output, 'p' a piece of a long line, '-' a remark of the shim's
  std::string text;
};

struct LogQuery {
  std::optional<base::WallTime> since;
  std::size_t bytes_max;  ///< the newest lines that fit
};

class ProcessLogs {
 public:
  explicit ProcessLogs(std::string folder) : folder_(std::move(folder)) {}

  /// Instances that have logs, sorted.
  base::Result<std::vector<std::string>> instances() const;
  /// Oldest line first. Holds `bytes_max` and one segment in memory, however much is stored; ends at the first segment,
  /// going back, that is wholly older than `since`. A segment that cannot be read is told as one remark line, and the others are still given.
  base::Result<std::vector<LogLine>> read(const std::string& instance, const LogQuery& query) const;
  /// Compresses what is closed and drops what is over the limit; returns how many files it touched.
  base::Result<std::size_t> tidy(const std::string& instance) const;

 private:
  std::string folder_;
};

/// "1700000000123 o text"; nullopt for a torn line.
std::optional<LogLine> parse_log_line(std::string_view line);

}  // namespace holdfast::edge_agent
