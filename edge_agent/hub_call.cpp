// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/hub_call.hpp"

#include <nlohmann/json.hpp>

#include "base/limits/model.hpp"
#include "sync/link/https_client.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Json;
using base::Result;

namespace {

base::Error refusal(const sync::HttpResponse& response) {
  std::string why = response.body;
  if (const auto json = base::parse_json(response.body); json && json->is_object()) {
    if (const auto message = json->find("message"); message != json->end() && message->is_string())
      why = message->get<std::string>();
  }
  const bool is_final = response.status == 401 || response.status == 403 || response.status == 409;
  return {is_final ? Code::kPermission : Code::kUnavailable,
          "the hub refused (" + std::to_string(response.status) +
              "): " + why.substr(0, base::limits::kMessageLengthMax)};
}

Result<Json> ask_one(const HubQuestion& question, const std::string& hub) {
  sync::HttpsRequest request;
  request.method = "POST";
  HF_TRY(request.url, sync::HttpsUrl::parse(hub));
  request.url.target = question.target;
  request.headers = {{"Content-Type", "application/json"}};
  request.body = question.body;
  request.tls.ca = sync::Pem::from_text(question.ca_bundle);
  request.tls.when = question.when;
  if (const auto* const proxy = question.proxies.of(request.url.host)) request.proxy = *proxy;
  HF_TRY(const auto answer, sync::https_call(request));
  if (answer.response.status != 200) return fail(refusal(answer.response).with_context(hub));
  auto json = base::parse_json(answer.response.body);
  if (!json) return fail(std::move(json).error().with_context(hub));
  return json;
}

}  // namespace

Result<Json> ask_hub(const HubQuestion& question) {
  base::Error last(Code::kUnavailable, "no address of the hub is known");
  for (const auto& hub : question.hubs) {
    auto answer = ask_one(question, hub);
    if (answer) return answer;
    last = std::move(answer).error();
    if (last.code() == Code::kPermission) break;
  }
  return fail(std::move(last));
}

}  // namespace holdfast::edge_agent
