// SPDX-License-Identifier: Apache-2.0
// ApiServer: HTTPS on one port: Kubernetes REST, operations, enrolment, health and metrics. Bounded in threads, in
// sizes and in time; TLS 1.2 or newer. Handlers run on its threads and reach the controller only through Operations.
// Threads: start() and stop() on the program's thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/sealing.hpp"
#include "hub/api/authentication.hpp"
#include "hub/api/message.hpp"
#include "hub/api/operations.hpp"
#include "hub/api/rest.hpp"
#include "hub/enrolment.hpp"
#include "hub/renewal.hpp"

namespace holdfast::hub {

struct ApiServerOptions {
  std::string address = "0.0.0.0";
  std::uint16_t port = 8443;  ///< 0: any free one
  std::string certificate_file;
  std::string key_file;
  /// Who speaks from this port of 127.0.0.1, where clients come through the front door; nobody: it is refused. Any
  /// thread. Not given: they come straight.
  std::function<std::optional<std::string>(std::uint16_t)> client_of;
};

inline constexpr std::string_view kReady = "ok";

/// Everything the routes need; outlives the server.
struct ApiParts {
  Rest& rest;
  Operations& operations;
  Enrolment& enrolment;
  Renewal& renewal;
  Authentication& authentication;
  std::function<std::string()> readiness;  ///< kReady, or what it waits for; any thread
  std::function<std::string()> metrics;    ///< any thread
  std::string trust{};                     ///< the trust document, for whoever asks: it is signed itself
  base::SealingPublicKey sealing_key{};    ///< to which people seal what goes to Git
};

/// One request, without HTTP: what the server calls, and what tests call. `authorization`: the header's value.
ApiResponse route(const ApiParts& parts, ApiRequest request, const std::string& authorization);

class ApiServer {
 public:
  ApiServer(ApiParts parts, ApiServerOptions options);
  ~ApiServer();
  /// kConflict: the port is taken.
  base::Status start();
  void stop();
  std::uint16_t port() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::hub
