// SPDX-License-Identifier: Apache-2.0
// LocalApi: HTTP/1.1 on a Unix socket in the data folder, for `holdfast-agent status` and for whoever watches the
// node: /healthz, /metrics, /v1/…. One request a connection, bounded, on the event loop; reachable only by the
// owner of the folder (socket mode 0600).
// Threads: one, the event loop's.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/event_loop.hpp"
#include "base/handle.hpp"
#include "base/result.hpp"

namespace holdfast::edge_agent {

struct LocalRequest {
  std::string method;
  std::string path;                          ///< without the query, percent-decoded
  std::map<std::string, std::string> query;  ///< percent-decoded
};
struct LocalResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
};

/// Parses the head of one request (up to the empty line). Errors are for a 400.
base::Result<LocalRequest> parse_local_request(std::string_view head);

class LocalApi {
 public:
  using Handler = std::function<LocalResponse(const LocalRequest&)>;
  /// Replaces a stale socket file; a path too long for a Unix socket (107 bytes) is an error that says so.
  static base::Result<std::unique_ptr<LocalApi>> listen(base::EventLoop& loop, const std::string& socket_path,
                                                        Handler handler);
  ~LocalApi();
  LocalApi(const LocalApi&) = delete;
  LocalApi& operator=(const LocalApi&) = delete;

 private:
  struct Connection;
  LocalApi(base::EventLoop& loop, base::Fd listener, std::string socket_path, Handler handler);
  void accept_all();
  void pause();
  void on_ready(int fd, base::Ready ready);
  void answer(Connection& connection);
  void close(int fd);

  base::EventLoop& loop_;
  base::Fd listener_;
  std::string socket_path_;
  Handler handler_;
  std::map<int, std::unique_ptr<Connection>> connections_;
  std::unique_ptr<base::EventLoop::Timer> pause_;
};

/// The client's side: one request, blocking, at most `timeout_ms`. kUnavailable when nobody listens.
base::Result<LocalResponse> ask_local(const std::string& socket_path, const std::string& method,
                                      const std::string& target, int timeout_ms);

}  // namespace holdfast::edge_agent
