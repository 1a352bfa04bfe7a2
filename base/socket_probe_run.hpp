// SPDX-License-Identifier: Apache-2.0
// SocketProbeRun: a TCP or HTTP probe on its way: connect, for HTTP send one GET and read the status line.
// Never resolves a name: numeric addresses and "localhost" only.
// Threads: the event loop's.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_loop.hpp"
#include "base/handle.hpp"
#include "base/host.hpp"
#include "base/running_probe.hpp"

namespace holdfast::base {

/// The status of "HTTP/1.1 204 No Content"; Code::kInvalid for anything else. Pure.
Result<int> parse_status_line(std::string_view line);
/// A numeric address or "localhost". Pure.
bool is_probe_host(const std::string& host);
/// The request of an HTTP probe. REQUIRES: check_probe_start. Pure.
std::string request_of(const HttpProbe& probe);

class SocketProbeRun final : public RunningProbe {
 public:
  static Result<std::unique_ptr<RunningProbe>> start(EventLoop& loop, const TcpProbe& probe, OnEnd on_end);
  static Result<std::unique_ptr<RunningProbe>> start(EventLoop& loop, const HttpProbe& probe, OnEnd on_end);
  ~SocketProbeRun() override;

 private:
  struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;
  };
  SocketProbeRun(EventLoop& loop, std::string target, std::string request, std::vector<Address> addresses,
                 OnEnd on_end);
  static Result<std::vector<Address>> addresses_of(const std::string& host, std::uint16_t port);
  static Result<std::unique_ptr<RunningProbe>> start(EventLoop& loop, const TcpProbe& where,
                                                     std::string request, OnEnd on_end);
  void connect_next(int last_error);
  void ready();
  void send_request();
  void read_answer();
  void close();
  void end(bool ok, std::string detail);

  EventLoop& loop_;
  std::string target_;
  std::string request_;  ///< what is still to be sent; empty for TCP
  bool wants_answer_;
  bool connected_ = false;
  std::vector<Address> addresses_;  ///< still to be tried, last first
  Fd socket_;
  std::string answer_;
  OnEnd on_end_;
};

}  // namespace holdfast::base
