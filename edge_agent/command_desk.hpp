// SPDX-License-Identifier: Apache-2.0
// CommandDesk: carries out what the hub asks of a node: logs, sync, retry, diagnose. The session verified the command.
//
// kLogs     {"cursor"?,"resource"?,"since"?,"tailLines"?} → {"cursor":…,"lines":[{"process","stream","text","time"}]}
// kSync     {} → {}      look at everything now
// kRetry    {} → {}      … and lift quarantines
// kDiagnose {} → {"plan":…,"status":…,"metrics":…}
//
// Threads: one, the event loop's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/metric.hpp"
#include "base/result.hpp"
#include "edge_agent/engine.hpp"
#include "edge_agent/process_logs.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::edge_agent {

struct LogsOrder {
  std::string resource;  ///< "Process/web"; empty: every process
  std::string since;     ///< "1h" or RFC 3339; empty: all
  std::string cursor;    ///< of an earlier answer: only what is newer
  std::optional<std::int64_t> tail_lines;
};
/// The answer of kLogs; also what `holdfast-agent logs` prints from. Newest lines that fit into the limit.
base::Result<base::Json> collect_logs(const ProcessLogs& logs, const LogsOrder& order, base::WallTime now);

class CommandDesk {
 public:
  CommandDesk(Engine& engine, ProcessLogs logs, NodeIdentity identity, const base::Clock& clock)
      : engine_(engine), logs_(std::move(logs)), identity_(std::move(identity)), clock_(clock) {}

  /// What a diagnosis says of the machine from now on.
  void show_machine(std::function<std::vector<base::Metric>()> metrics) { machine_ = std::move(metrics); }
  base::Result<std::string> carry_out(const sync::Command& command);

 private:
  base::Result<std::string> logs(const std::string& arguments);
  base::Result<std::string> diagnose();

  Engine& engine_;
  ProcessLogs logs_;
  NodeIdentity identity_;
  const base::Clock& clock_;
  std::function<std::vector<base::Metric>()> machine_;
};

}  // namespace holdfast::edge_agent
