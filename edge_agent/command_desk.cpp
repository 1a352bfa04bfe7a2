// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/command_desk.hpp"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/metric.hpp"
#include "edge_agent/local_routes.hpp"
#include "edge_agent/owned_pods.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Json;
using base::Result;

Result<Json> collect_logs(const ProcessLogs& logs, const LogsOrder& order, base::WallTime now) {
  HF_TRY(const auto subject, log_subject(order));
  HF_TRY(auto collection, LogCollection::begin(order, now));
  HF_CHECK(collection.add_processes(logs, subject));
  return collection.finish();
}

Result<std::optional<std::string>> CommandDesk::carry_out(const sync::Command& command, OnAnswer later) {
  switch (command.kind) {
    case sync::CommandKind::kLogs: return logs(command.arguments, std::move(later));
    case sync::CommandKind::kSync: engine_.look_at_everything(); return "{}";
    case sync::CommandKind::kRetry: return retry(command.arguments);
    case sync::CommandKind::kDiagnose: return diagnose();
  }
  return fail(Code::kUnsupported, "this agent does not know the command");
}

Result<std::optional<std::string>> CommandDesk::retry(const std::string& arguments) {
  HF_TRY(const Json json, base::parse_json(arguments));
  std::vector<std::string> named;
  HF_CHECK(base::ObjectReader(json, "retry").optional("applications", named).finish());
  json.contains("applications") ? engine_.retry({named.begin(), named.end()}) : engine_.retry_all();
  return "{}";
}

Result<std::optional<std::string>> CommandDesk::logs(const std::string& arguments, OnAnswer later) {
  HF_TRY(const Json json, base::parse_json(arguments));
  LogsOrder order;
  HF_CHECK(base::ObjectReader(json, "logs")
               .optional("resource", order.resource)
               .optional("container", order.container)
               .optional("since", order.since)
               .optional("cursor", order.cursor)
               .optional("tailLines", order.tail_lines)
               .finish());
  HF_TRY(const auto subject, log_subject(order));
  HF_TRY(auto collection, LogCollection::begin(order, clock_.wall()));
  if (subject.is_process() || subject.is_all()) HF_CHECK(collection.add_processes(logs_, subject));
  if (subject.is_process() || (subject.is_all() && container_logs_ == nullptr))
    return base::canonical_json(collection.finish());
  if (container_logs_ == nullptr) return fail(no_engine());
  HF_CHECK(container_logs_->add(std::move(collection), subject, order.container,
                                [later = std::move(later)](Result<LogCollection> collected) {
                                  if (!collected) return later(fail(std::move(collected).error()));
                                  later(base::canonical_json(collected->finish()));
                                }));
  return std::nullopt;
}

Result<std::string> CommandDesk::diagnose() {
  auto metrics = engine_.metrics();
  if (machine_) std::ranges::move(machine_(), std::back_inserter(metrics));
  Json out{{"status", status_json(engine_, identity_, nullptr)}, {"metrics", base::prometheus_text(metrics)}};
  if (const auto plan = engine_.plan_now()) {
    out["plan"] = plan_json(*plan);
  } else {
    out["plan"] = {{"error", plan.error().message()}};
  }
  return base::canonical_json(out);
}

}  // namespace holdfast::edge_agent
