// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/local_routes.hpp"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/metric.hpp"
#include "base/time_text.hpp"

namespace holdfast::edge_agent {

using base::Json;

namespace {

LocalResponse json_response(const Json& body) {
  return {200, "application/json", base::canonical_json(body) + "\n"};
}

LocalResponse error_response(int status, const base::Error& error) {
  return {status, "application/json",
          base::canonical_json(
              Json{{"message", error.message()}, {"reason", std::string(to_string(error.code()))}}) +
              "\n"};
}

Json action_json(const Action& action) {
  return {{"action", std::string(to_string(action.kind))},
          {"resource", action.key.brief()},
          {"claim", action.claim.text()},
          {"wave", action.wave},
          {"reason", action.reason},
          {"application", action.application.str()}};
}

Json withheld_json(const Withheld& withheld) {
  return {{"reason", std::string(to_string(withheld.reason))},
          {"resource", withheld.key.brief()},
          {"claim", withheld.claim.text()},
          {"message", withheld.message},
          {"application", withheld.application.str()}};
}

Json one_why_json(const Engine::Why& why) {
  Json json{{"resource", why.key.brief()},
            {"application", why.application},
            {"sync", std::string(to_string(why.status.sync))},
            {"health", std::string(to_string(why.status.health))},
            {"reason", why.status.reason},
            {"message", why.status.message},
            {"blockedBy", why.blocked_by},
            {"next", why.next}};
  if (why.provenance) {
    json["source"] = why.provenance->source;
    json["commit"] = why.provenance->commit.str();
    json["file"] = why.provenance->file;
    json["line"] = why.provenance->line;
  }
  return json;
}

}  // namespace

Json status_json(const Engine& engine, const NodeIdentity& identity, const Session* session) {
  Json status{{"name", identity.name},
              {"running", session != nullptr},
              {"connected", session != nullptr && session->connected()},
              {"snapshot", Json::parse(sync::encode_snapshot(engine.snapshot()))}};
  if (session != nullptr && !session->link_trouble().empty()) status["brokerError"] = session->link_trouble();
  return status;
}

Json plan_json(const Plan& plan) {
  Json actions = Json::array();
  for (const auto& action : plan.actions) actions.push_back(action_json(action));
  Json withheld = Json::array();
  for (const auto& entry : plan.withheld) withheld.push_back(withheld_json(entry));
  return {{"actions", std::move(actions)}, {"withheld", std::move(withheld)}};
}

Json why_json(const std::vector<Engine::Why>& list) {
  Json items = Json::array();
  for (const auto& why : list) items.push_back(one_why_json(why));
  return {{"items", std::move(items)}};
}

LocalResponse LocalRoutes::answer(const LocalRequest& request) {
  if (request.path == "/v1/sync") {
    if (request.method != "POST") return error_response(405, {base::Code::kInvalid, "use POST"});
    engine_.retry_all();
    return json_response(Json::object());
  }
  if (request.path == "/v1/trust" && request.method == "POST") return take_trust();
  if (request.path == "/v1/sealing-key" && request.method == "POST") return new_sealing_key();
  if (request.method != "GET") return error_response(405, {base::Code::kInvalid, "use GET"});
  if (request.path == "/healthz") return {200, "text/plain", "ok\n"};
  if (request.path == "/metrics") return {200, "text/plain; version=0.0.4", metrics()};
  if (request.path == "/v1/status") return json_response(status());
  if (request.path == "/v1/why") return why(request);
  if (request.path == "/v1/plan") {
    auto plan = engine_.plan_now();
    return plan ? json_response(plan_json(*plan)) : error_response(503, plan.error());
  }
  return error_response(
      404, {base::Code::kNotFound,
            request.path + ": there is /healthz, /metrics, /v1/status, " +
                "/v1/plan, /v1/why?key=KIND/NAME and POST /v1/sync, /v1/trust, /v1/sealing-key"});
}

LocalResponse LocalRoutes::take_trust() {
  if (!take_offered_) return error_response(503, {base::Code::kUnavailable, "the agent has just begun"});
  const auto taken = take_offered_();
  if (!taken) return error_response(400, taken.error());
  return json_response({{"taken", *taken}, {"version", base::to_decimal(trust_().version)}});
}

LocalResponse LocalRoutes::new_sealing_key() {
  if (!rotate_sealing_key_)
    return error_response(503, {base::Code::kUnavailable, "the agent has just begun"});
  if (const auto done = rotate_sealing_key_(); !done) return error_response(500, done.error());
  return json_response({{"key", engine_.hello().sealing.hex()}});
}

Json LocalRoutes::status() const {
  Json out = status_json(engine_, identity_, &session_);
  if (trust_) {
    const auto note = trust_();
    out["trust"] = {{"version", base::to_decimal(note.version)}};
    if (!note.trouble.empty()) out["trust"]["error"] = note.trouble;
  }
  if (!certificate_) return out;
  const auto note = certificate_();
  if (note.not_after != base::WallTime{}) {
    out["certificate"] = {{"notAfter", base::to_rfc3339_seconds(note.not_after)},
                          {"renewalDue", base::to_rfc3339_seconds(note.renewal_due)}};
  }
  if (note.is_key_in_tpm) out["certificate"]["key"] = "tpm";
  if (!note.trouble.empty()) out["certificate"]["error"] = note.trouble;
  return out;
}

LocalResponse LocalRoutes::why(const LocalRequest& request) {
  const auto key = request.query.find("key");
  if (key == request.query.end())
    return error_response(400, {base::Code::kInvalid, "say which: /v1/why?key=File/motd"});
  auto list = engine_.why(key->second);
  if (list) return json_response(why_json(*list));
  return error_response(list.error().code() == base::Code::kNotFound ? 404 : 503, list.error());
}

std::string LocalRoutes::metrics() const {
  auto all = engine_.metrics();
  if (machine_) std::ranges::move(machine_(), std::back_inserter(all));
  const auto& counters = session_.counters();
  const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
  all.push_back(base::gauge("holdfast_agent_connected", "1 while the session with the broker is up.",
                            session_.connected() ? 1 : 0));
  all.push_back(base::counter("holdfast_agent_connects_total", "Sessions with the broker so far.",
                              number(counters.connects)));
  all.push_back(base::counter("holdfast_agent_messages_received_total", "Messages from the hub.",
                              number(counters.frames_in)));
  all.push_back(base::counter("holdfast_agent_messages_sent_total", "Messages to the hub.",
                              number(counters.frames_out)));
  all.push_back(base::counter("holdfast_agent_messages_refused_total",
                              "Messages that could not be read or believed.", number(counters.frames_bad)));
  const auto how = [&](const char* name, const char* help, std::uint64_t whole, std::uint64_t delta) {
    base::Metric metric{name, base::MetricType::kCounter, help, {}};
    metric.samples.push_back({{{"how", "whole"}}, number(whole)});
    metric.samples.push_back({{{"how", "delta"}}, number(delta)});
    all.push_back(std::move(metric));
  };
  all.push_back(base::counter("holdfast_agent_received_bytes_total", "Bytes of messages from the hub.",
                              number(counters.bytes_in)));
  all.push_back(base::counter("holdfast_agent_sent_bytes_total", "Bytes of messages to the hub.",
                              number(counters.bytes_out)));
  how("holdfast_agent_states_received_total", "Desired states that came, whole or as a delta.",
      counters.states_whole, counters.states_delta);
  how("holdfast_agent_snapshots_sent_total", "Snapshots that were sent, whole or as a delta.",
      counters.snapshots_whole, counters.snapshots_delta);
  all.push_back(base::counter("holdfast_agent_bases_lost_total", "Deltas whose base was not held.",
                              number(counters.bases_lost)));
  all.push_back(
      base::counter("holdfast_agent_commands_total", "Commands of the hub.", number(counters.commands)));
  const auto not_after = certificate_ ? certificate_().not_after : base::WallTime{};
  if (not_after != base::WallTime{}) {
    const auto end = std::chrono::duration_cast<std::chrono::seconds>(not_after.time_since_epoch());
    all.push_back(base::gauge("holdfast_agent_certificate_expiry_timestamp_seconds",
                              "When the node's certificate ends, in Unix time.",
                              static_cast<double>(end.count())));
  }
  return base::prometheus_text(all);
}

}  // namespace holdfast::edge_agent
