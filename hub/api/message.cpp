// SPDX-License-Identifier: Apache-2.0
#include "hub/api/message.hpp"

#include <nlohmann/json.hpp>

namespace holdfast::hub {

using base::Code;
using base::Json;

namespace {

struct HttpMeaning {
  int status;
  const char* reason;
};

HttpMeaning meaning_of(Code code) {
  switch (code) {
    case Code::kInvalid: return {422, "Invalid"};
    case Code::kNotFound: return {404, "NotFound"};
    case Code::kConflict: return {409, "Conflict"};
    case Code::kLimit: return {413, "RequestEntityTooLarge"};
    case Code::kPermission: return {403, "Forbidden"};
    case Code::kUnavailable: return {503, "ServiceUnavailable"};
    case Code::kTimeout: return {504, "Timeout"};
    case Code::kNoSpace: return {507, "InsufficientStorage"};
    case Code::kUnsupported: return {501, "NotImplemented"};
    case Code::kCorrupt:
    case Code::kTooNew:
    case Code::kIo:
    case Code::kInternal: return {500, "InternalError"};
  }
  return {500, "InternalError"};
}

}  // namespace

ApiResponse json_answer(int status, const Json& body) {
  ApiResponse response;
  response.status = status;
  response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return response;
}

ApiResponse error_answer(int status, const std::string& reason, const std::string& message) {
  return json_answer(status, {{"apiVersion", "v1"},
                              {"kind", "Status"},
                              {"metadata", Json::object()},
                              {"status", "Failure"},
                              {"reason", reason},
                              {"message", message},
                              {"code", status}});
}

ApiResponse error_answer(const base::Error& error) {
  const auto [status, reason] = meaning_of(error.code());
  return error_answer(status, reason, error.message());
}

}  // namespace holdfast::hub
