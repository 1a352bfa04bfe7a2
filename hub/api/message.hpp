// SPDX-License-Identifier: Apache-2.0
// What the API is asked and what it answers, without the HTTP library: handlers are plain functions of these.
// Threads: plain values.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"

namespace holdfast::hub {

struct ApiRequest {
  std::string method;
  std::string path;                          ///< decoded, without the query
  std::map<std::string, std::string> query;  ///< decoded
  std::string accept;
  std::string content_type;
  std::string body;
  std::string user;  ///< who was authenticated; empty: nobody
  std::string remote;

  std::string option(const std::string& name) const {
    const auto found = query.find(name);
    return found == query.end() ? "" : found->second;
  }
};

struct ApiResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  /// A stream instead of a body: called again and again for the next piece, may wait up to a second; false ends it.
  std::function<bool(std::string& piece)> stream;
};

ApiResponse json_answer(int status, const base::Json& body);
/// A Kubernetes Status object with the HTTP code that fits the error.
/// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
ApiResponse error_answer(const base::Error& error);
ApiResponse error_answer(int status, const std::string& reason, const std::string& message);

}  // namespace holdfast::hub
