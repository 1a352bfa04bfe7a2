// SPDX-License-Identifier: Apache-2.0
// A small HTTPS/1.1 client for the agent: one request, one response, one deadline over all of it (name
// lookup, connect, handshake, send, receive), bounded memory. Made because an HTTP library costs a node more
// than MQTT. With a BodySink a response may be of any size: its body is handed on as it comes.
// Threads: any; the calling thread waits.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/limits/https.hpp"
#include "base/result.hpp"
#include "sync/link/http_response.hpp"
#include "sync/link/proxy.hpp"
#include "sync/link/tls.hpp"

namespace holdfast::sync {

struct HttpsUrl {
  std::string host;  ///< IPv6 without brackets
  std::uint16_t port = 443;
  std::string target = "/";  ///< path and query
  /// "https://host[:port][/path]"; no user, no fragment.
  static base::Result<HttpsUrl> parse(std::string_view text);
  /// "host:port", with brackets where needed.
  std::string authority() const;
};

struct HttpsRequest {
  std::string method = "GET";
  HttpsUrl url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool is_plain = false;       ///< http://, for a server that a person allowed that; no proxy is asked then
  std::optional<Proxy> proxy;  ///< through which the server is reached
  TlsClientOptions tls;        ///< `server_name` empty: the host of the URL
  std::chrono::milliseconds timeout = base::limits::kHttpTimeout;
  std::size_t body_bytes_max = base::limits::kHttpBodyBytesMax;
};

struct HttpsAnswer {
  HttpResponse response;
  std::optional<Certificate> pinned;  ///< the CA that `tls.pinned_ca` named, as the server sent it
};

struct BodySink {
  /// Whether the body of this answer is handed on; another one is collected, within the limit of the request.
  std::function<bool(const HttpResponse& head)> wants;
  /// Its error ends the call.
  std::function<base::Status(std::string_view piece)> take;
};

/// Any status is an answer. kPermission: the server is not believed, or it refused our certificate;
/// kUnavailable: no connection; kTimeout; kLimit: too much sent back; kCorrupt: not HTTP, or cut off.
base::Result<HttpsAnswer> https_call(const HttpsRequest& request);
/// The same, and `timeout` bounds what goes before the first byte of the body, and then each silence; a body that is handed
/// on may have `bytes_max`.
base::Result<HttpsAnswer> https_call(const HttpsRequest& request, const BodySink& sink,
                                     std::uint64_t bytes_max);

}  // namespace holdfast::sync
