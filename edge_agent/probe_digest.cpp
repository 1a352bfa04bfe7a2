// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/probe_digest.hpp"

#include <nlohmann/json.hpp>
#include <variant>

namespace holdfast::edge_agent {

using base::Json;

Json probe_json(const std::optional<sync::Probe>& probe) {
  if (!probe) return nullptr;
  Json action;
  if (const auto* exec = std::get_if<sync::ExecAction>(&probe->action)) {
    action = {{"exec", exec->command}};
  } else if (const auto* http = std::get_if<sync::HttpGetAction>(&probe->action)) {
    action = {{"http", {http->host, http->port, http->path}}, {"headers", http->headers}};
  } else if (const auto* tcp = std::get_if<sync::TcpSocketAction>(&probe->action)) {
    action = {{"tcp", {tcp->host, tcp->port}}};
  }
  return {{"action", std::move(action)},
          {"times", {probe->initial_delay.count(), probe->period.count(), probe->timeout.count()}},
          {"thresholds", {probe->success_threshold, probe->failure_threshold}}};
}

}  // namespace holdfast::edge_agent
