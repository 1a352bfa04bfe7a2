// SPDX-License-Identifier: Apache-2.0
// LogCollection: what processes and containers have written, put together for one answer: mixed by time, without what an earlier answer gave,
// the newest that fit. The answer is {"cursor":…,"lines":[{"process","stream","text","time"}],"sources":…}.
// Threads: one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "edge_agent/process_logs.hpp"
#include "sync/model/resource.hpp"

namespace holdfast::edge_agent {

struct LogsOrder {
  std::string resource;   ///< "Process/web", "Pod/shop/till"; empty: all processes and containers
  std::string container;  ///< of the resource's; empty: all
  std::string since;      ///< "1h" or RFC 3339; empty: all
  std::string cursor;     ///< of an earlier answer: only what is newer
  std::optional<std::int64_t> tail_lines;
};

/// Whose logs are meant.
struct LogSubject {
  std::string kind;  ///< "Process", "Pod", …; empty: all
  std::string ns;
  std::string name;
  bool is_process() const { return kind == "Process"; }
  bool is_all() const { return kind.empty(); }
};
/// Names what has logs where it is of another kind.
base::Result<LogSubject> log_subject(const LogsOrder& order);

class LogCollection {
 public:
  static base::Result<LogCollection> begin(const LogsOrder& order, base::WallTime now);

  /// Nothing older is wanted.
  base::WallTime since() const { return since_; }
  /// So many of the newest lines of a source are enough, whatever of them an earlier answer gave; nullopt: all.
  std::optional<std::size_t> lines_max() const;
  /// `subject` is a process, or all.
  base::Status add_processes(const ProcessLogs& logs, const LogSubject& subject);
  /// Of one more source, by the name that people see. `is_cut`: it had more, and the newest are here.
  void add(const std::string& source, std::vector<LogLine> lines, bool is_cut = false);
  base::Json finish();

 private:
  struct Line {
    std::string source;
    LogLine line;
  };
  /// "1700000000123:2": two lines of that millisecond were given already.
  struct Cursor {
    base::WallTime time{};
    std::size_t given = 0;
  };
  static base::Result<Cursor> parse_cursor(const std::string& text);
  std::string cursor_after() const;
  void drop_given();
  void keep_newest(std::optional<std::int64_t> count_max);

  Cursor cursor_;
  std::string cursor_text_;
  base::WallTime since_{};
  std::optional<std::int64_t> tail_lines_;
  std::vector<Line> lines_;
  std::size_t sources_ = 0;
  bool is_over_ = false;  ///< more than fits was there, so what was given before is not in it
};

}  // namespace holdfast::edge_agent
