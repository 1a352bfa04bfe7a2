// SPDX-License-Identifier: Apache-2.0
#include "hub/api/operations.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/limits/hub.hpp"
#include "base/time_text.hpp"

namespace holdfast::hub {

using base::Code;
using base::Json;
using base::Result;
using base::Status;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kRoot = "/apis/holdfast.dev/v1/";

ApiResponse done(const Status& status) {
  return status ? json_answer(200, {{"kind", "Status"}, {"apiVersion", "v1"}, {"status", "Success"}})
                : error_answer(status.error());
}

Json to_json(const HistoryEntry& entry) {
  return {{"revision", entry.revision.str()}, {"time", base::to_rfc3339_seconds(entry.time)},
          {"initiator", entry.initiator},     {"author", entry.author},
          {"subject", entry.subject},         {"inForce", entry.in_force}};
}

const char* word(DifferenceKind kind) {
  switch (kind) {
    case DifferenceKind::kCreate: return "create";
    case DifferenceKind::kUpdate: return "update";
    case DifferenceKind::kDelete: return "delete";
    case DifferenceKind::kDrift: return "drift";
  }
  return "unknown";
}

Json to_json(const Difference& difference) {
  return {{"change", word(difference.kind)}, {"resource", difference.key.brief()},
          {"nodes", difference.nodes},       {"before", difference.before},
          {"after", difference.after},       {"file", difference.file},
          {"line", difference.line},         {"message", difference.message}};
}

Json to_json(const Why& why) {
  return {{"resource", why.key.brief()},
          {"node", why.node},
          {"application", why.application},
          {"source", why.source},
          {"commit", why.commit.str()},
          {"author", why.author},
          {"subject", why.subject},
          {"file", why.file},
          {"line", why.line},
          {"phase", why.phase},
          {"sync", to_string(why.sync)},
          {"health", to_string(why.health)},
          {"reason", why.reason},
          {"message", why.message},
          {"blockedBy", why.blocked_by},
          {"next", why.next}};
}

Json to_json(const ResourceRow& row) {
  return {{"apiVersion", "holdfast.dev/v1"},
          {"kind", "Resource"},
          {"metadata", {{"name", row.node + "." + row.key.kind + "." + row.key.name}}},
          {"node", row.node},
          {"application", row.application},
          {"resource", row.key.brief()},
          {"sync", to_string(row.sync)},
          {"health", to_string(row.health)},
          {"reason", row.reason},
          {"message", row.message}};
}

template <class T>
ApiResponse items_answer(const Result<std::vector<T>>& list, const char* kind) {
  if (!list) return error_answer(list.error());
  Json items = Json::array();
  for (const auto& item : *list) items.push_back(to_json(item));
  return json_answer(200, {{"apiVersion", "holdfast.dev/v1"}, {"kind", kind}, {"items", std::move(items)}});
}

struct SyncBody {
  SyncOptions options;
  std::string revision;
};

Result<SyncBody> read_sync(const ApiRequest& request) {
  SyncBody out;
  if (request.body.empty()) return out;
  HF_TRY(const Json body, base::parse_json(request.body));
  HF_CHECK(base::ObjectReader(body, "the request")
               .optional("revision", out.options.revision)
               .optional("confirmPrune", out.options.confirm_prune)
               .finish());
  out.revision = out.options.revision;
  return out;
}

/// An option of the query as text that can travel to a node.
Result<std::string> text_option(const ApiRequest& request, const char* name) {
  auto text = request.option(name);
  if (!base::is_utf8(text)) return base::fail(Code::kInvalid, std::string(name) + ": is not UTF-8");
  return text;
}

Result<LogsQuery> read_logs(const ApiRequest& request) {
  LogsQuery query;
  HF_TRY(query.resource, text_option(request, "resource"));
  HF_TRY(query.container, text_option(request, "container"));
  HF_TRY(query.since, text_option(request, "since"));
  HF_TRY(query.cursor, text_option(request, "cursor"));
  if (const auto lines = request.option("tailLines"); !lines.empty()) {
    auto number = base::from_decimal(lines);
    if (!number) return base::fail(std::move(number).error().with_context("tailLines"));
    if (*number > base::limits::kLogLinesAskedMax) {
      return base::fail(Code::kLimit, "tailLines: at most " +
                                          std::to_string(base::limits::kLogLinesAskedMax) + " are told");
    }
    query.tail_lines = static_cast<std::int64_t>(*number);
  }
  return query;
}

}  // namespace

ApiResponse Operations::wait_for(std::future<ApiResponse> answer, std::chrono::milliseconds longest) const {
  constexpr auto kStopIsSeenWithin = 100ms;
  for (auto left = longest; left > 0ms && !stopping_; left -= kStopIsSeenWithin) {
    if (answer.wait_for(std::min(left, kStopIsSeenWithin)) == std::future_status::ready) return answer.get();
  }
  if (stopping_) return error_answer(503, "ServiceUnavailable", "the hub is stopping; try again");
  return error_answer(504, "Timeout", "the hub is busy and did not get to it in time; try again");
}

ApiResponse Operations::on_loop(Work work) {
  auto promise = std::make_shared<std::promise<ApiResponse>>();
  auto answer = promise->get_future();
  loop_.post([promise, work = std::move(work)] { promise->set_value(work()); });
  return wait_for(std::move(answer), base::limits::kCommandTimeout);
}

ApiResponse Operations::ask_node(Ask ask) {
  auto promise = std::make_shared<std::promise<ApiResponse>>();
  auto answer = promise->get_future();
  loop_.post([promise, ask = std::move(ask)] {
    ask([promise](Result<std::string> text) {
      if (!text) return promise->set_value(error_answer(text.error()));
      ApiResponse response;
      response.body = *std::move(text) + "\n";
      promise->set_value(std::move(response));
    });
  });
  // The controller answers by its own deadline; this one is for a loop that hangs.
  return wait_for(std::move(answer), base::limits::kCommandTimeout + 5s);
}

std::optional<ApiResponse> Operations::serve(const ApiRequest& request) {
  std::string_view path = request.path;
  if (!path.starts_with(kRoot)) return std::nullopt;
  path.remove_prefix(kRoot.size());
  if (path == "resources" && request.method == "GET") return resources(request);
  const auto first = path.find('/');
  const auto second = first == std::string_view::npos ? first : path.find('/', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::string name(path.substr(first + 1, second - first - 1));
  const std::string operation(path.substr(second + 1));
  if (request.method == "POST" && !request.option("dryRun").empty())
    return error_answer(400, "BadRequest", "dryRun: " + operation + " cannot be tried out; leave it out");
  if (path.substr(0, first) == "applications") return serve_application(request, name, operation);
  if (path.substr(0, first) == "nodes") return serve_node(request, name, operation);
  return std::nullopt;
}

std::optional<ApiResponse> Operations::serve_application(const ApiRequest& request, const std::string& name,
                                                         const std::string& operation) {
  const auto route = request.method + " " + operation;
  if (route == "GET history")
    return on_loop([this, name] { return items_answer(controller_.history(name), "HistoryList"); });
  if (route == "GET diff")
    return on_loop([this, name] { return items_answer(controller_.diff(name), "DifferenceList"); });
  if (route == "POST refresh") return on_loop([this, name] { return done(controller_.refresh(name)); });
  if (route != "POST sync" && route != "POST rollback") return std::nullopt;
  const auto body = read_sync(request);
  if (!body) return error_answer(400, "BadRequest", body.error().message());
  if (operation == "sync")
    return on_loop([this, name, body] { return done(controller_.sync(name, body->options)); });
  if (body->revision.empty())
    return error_answer(400, "BadRequest", "revision: is missing; `holdfast history` lists them");
  return on_loop([this, name, body] { return done(controller_.rollback(name, body->revision)); });
}

std::optional<ApiResponse> Operations::serve_node(const ApiRequest& request, const std::string& name,
                                                  const std::string& operation) {
  const auto route = request.method + " " + operation;
  if (route == "GET why") {
    const auto key = request.option("key");
    if (key.empty()) return error_answer(400, "BadRequest", "key: is missing; write ?key=File/motd");
    return on_loop([this, name, key] { return items_answer(controller_.why(name, key), "WhyList"); });
  }
  if (route == "GET logs") {
    const auto query = read_logs(request);
    if (!query) return error_answer(400, "BadRequest", query.error().message());
    return ask_node(
        [this, name, query](Controller::OnAnswer answer) { controller_.logs(name, *query, answer); });
  }
  if (route == "POST diagnose") {
    return ask_node([this, name](Controller::OnAnswer answer) { controller_.diagnose(name, answer); });
  }
  if (route == "POST sync") {
    return ask_node([this, name](Controller::OnAnswer answer) { controller_.sync_node(name, true, answer); });
  }
  return std::nullopt;
}

ApiResponse Operations::resources(const ApiRequest& request) {
  const ResourceFilter filter{request.option("node"), request.option("application")};
  return on_loop([this, filter] {
    return items_answer(Result<std::vector<ResourceRow>>(controller_.resources(filter)), "ResourceList");
  });
}

}  // namespace holdfast::hub
