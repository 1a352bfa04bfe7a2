// SPDX-License-Identifier: Apache-2.0
// CommandDesk: carries out what the hub asks of a node: logs, sync, retry, diagnose. The session verified the command.
//
// kLogs     {"container"?,"cursor"?,"resource"?,"since"?,"tailLines"?} → as log_collection.hpp says
// kSync     {} → {}      look at everything now
// kRetry    {"applications"?: [uid, …]} → {}   … and lift the quarantines of these; of all where none are named
// kDiagnose {} → {"plan":…,"status":…,"metrics":…}
//
// Threads: one, the event loop's.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/metric.hpp"
#include "base/result.hpp"
#include "edge_agent/container_logs.hpp"
#include "edge_agent/engine.hpp"
#include "edge_agent/log_collection.hpp"
#include "edge_agent/process_logs.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::edge_agent {

/// The answer of kLogs for processes alone. Newest lines that fit into the limit.
base::Result<base::Json> collect_logs(const ProcessLogs& logs, const LogsOrder& order, base::WallTime now);

class CommandDesk {
 public:
  CommandDesk(Engine& engine, ProcessLogs logs, NodeIdentity identity, const base::Clock& clock)
      : engine_(engine), logs_(std::move(logs)), identity_(std::move(identity)), clock_(clock) {}

  /// What a diagnosis says of the machine from now on.
  void show_machine(std::function<std::vector<base::Metric>()> metrics) { machine_ = std::move(metrics); }
  /// Where containers are asked for their logs from now on; outlives it.
  void show_containers(ContainerLogs& logs) { container_logs_ = &logs; }
  using OnAnswer = std::function<void(base::Result<std::string>)>;
  /// nullopt: `later` gets the answer.
  base::Result<std::optional<std::string>> carry_out(const sync::Command& command, OnAnswer later);

 private:
  base::Result<std::optional<std::string>> retry(const std::string& arguments);
  base::Result<std::optional<std::string>> logs(const std::string& arguments, OnAnswer later);
  base::Result<std::string> diagnose();

  Engine& engine_;
  ProcessLogs logs_;
  NodeIdentity identity_;
  const base::Clock& clock_;
  std::function<std::vector<base::Metric>()> machine_;
  ContainerLogs* container_logs_ = nullptr;
};

}  // namespace holdfast::edge_agent
