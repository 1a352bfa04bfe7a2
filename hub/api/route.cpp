// SPDX-License-Identifier: Apache-2.0
// Which part answers which request, and who may ask.
#include <nlohmann/json.hpp>

#include "hub/api/api_server.hpp"

namespace holdfast::hub {

using base::Json;

namespace {

constexpr std::string_view kEnroll = "/apis/holdfast.dev/v1/enroll";
constexpr std::string_view kRenew = "/apis/holdfast.dev/v1/renew";
constexpr std::string_view kLeave = "/apis/holdfast.dev/v1/leave";
constexpr std::string_view kTrust = "/apis/holdfast.dev/v1/trust";
constexpr std::string_view kSealingKey = "/apis/holdfast.dev/v1/sealingkey";
constexpr std::string_view kTokens = "/apis/holdfast.dev/v1/enrollmenttokens";

ApiResponse text_answer(int status, std::string body) {
  ApiResponse response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(body);
  return response;
}

/// What a machine asks that has no bearer token: the request itself holds what lets it in. Failures are slowed down.
template <class Serve>
ApiResponse serve_machine(const ApiParts& parts, const ApiRequest& request, const Serve& serve) {
  if (request.method != "POST") return error_answer(405, "MethodNotAllowed", "use POST");
  const auto body = base::parse_json(request.body);
  if (!body) return error_answer(400, "BadRequest", body.error().message());
  const base::Result<Json> answer = serve(*body);
  if (answer) return json_answer(200, *answer);
  if (answer.error().code() != base::Code::kPermission) return error_answer(answer.error());
  if (const auto admitted = parts.authentication.admit(request.remote); !admitted)
    return error_answer(429, "TooManyRequests", admitted.error().message());
  parts.authentication.failed(request.remote);
  return error_answer(answer.error());
}

ApiResponse create_token(const ApiParts& parts, const ApiRequest& request) {
  const auto body = base::parse_json(request.body);
  if (!body) return error_answer(400, "BadRequest", body.error().message());
  const auto is_dry = read_dry_run(request);
  if (!is_dry) return error_answer(400, "BadRequest", is_dry.error().message());
  const auto token = parts.enrolment.create_token(
      *body, *is_dry ? Enrolment::Creation::kTryOut : Enrolment::Creation::kStore);
  return token ? json_answer(201, *token) : error_answer(token.error());
}

ApiResponse route_authenticated(const ApiParts& parts, const ApiRequest& request) {
  if (request.path == "/metrics") {
    auto response = text_answer(200, parts.metrics());
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    return response;
  }
  if (request.path == kSealingKey && request.method == "GET") {
    return json_answer(200, {{"id", parts.sealing_key.id().hex()}, {"publicKey", parts.sealing_key.hex()}});
  }
  if (request.path == kTokens && request.method == "POST") return create_token(parts, request);
  if (auto found = parts.rest.discovery(request)) return *std::move(found);
  if (auto found = parts.operations.serve(request)) return *std::move(found);
  if (const auto path = parse_object_path(request.path)) return parts.rest.serve(request, *path);
  return error_answer(404, "NotFound", request.path + ": nothing is served there");
}

}  // namespace

ApiResponse route(const ApiParts& parts, ApiRequest request, const std::string& authorization) {
  if (request.path == "/healthz" || request.path == "/livez") return text_answer(200, "ok\n");
  if (request.path == "/readyz") {
    const auto said = parts.readiness();
    return text_answer(said == kReady ? 200 : 503, said + "\n");
  }
  if (request.path == kTrust && request.method == "GET") {
    ApiResponse response;
    response.body = parts.trust;
    return response;
  }
  if (request.path == kEnroll)
    return serve_machine(parts, request, [&](const Json& body) { return parts.enrolment.enroll(body); });
  if (request.path == kRenew)
    return serve_machine(parts, request, [&](const Json& body) { return parts.renewal.renew(body); });
  if (request.path == kLeave)
    return serve_machine(parts, request, [&](const Json& body) { return parts.renewal.leave(body); });
  auto user = parts.authentication.user_of(authorization, request.remote);
  if (!user && user.error().code() == base::Code::kLimit) {
    return error_answer(429, "TooManyRequests", user.error().message());
  }
  if (!user) return error_answer(401, "Unauthorized", user.error().message());
  request.user = *std::move(user);
  return route_authenticated(parts, request);
}

}  // namespace holdfast::hub
