// SPDX-License-Identifier: Apache-2.0
// ProxyTunnel: libmosquitto knows no proxies, so it is given a port of 127.0.0.1 on which this listens for it alone;
// the bytes go on through an HTTP CONNECT proxy. One tunnel serves one connection.
// Threads: the event loop's. It must not be destroyed inside `on_failed`'s caller, so that is told later, by the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/event_loop.hpp"
#include "base/handle.hpp"
#include "base/result.hpp"
#include "sync/link/byte_relay.hpp"
#include "sync/link/proxy.hpp"
#include "sync/link/resolver.hpp"

namespace holdfast::sync {

class ProxyTunnel {
 public:
  struct Options {
    SocketAddress proxy;
    std::string request;  ///< of connect_request()
  };
  using OnFailed = std::function<void(const base::Error& error)>;
  /// Begins to connect to the proxy; has no deadline of its own.
  static base::Result<std::unique_ptr<ProxyTunnel>> open(base::EventLoop& loop, Options options,
                                                         OnFailed on_failed);
  ~ProxyTunnel();
  ProxyTunnel(const ProxyTunnel&) = delete;
  ProxyTunnel& operator=(const ProxyTunnel&) = delete;

  /// Where it listens on 127.0.0.1.
  std::uint16_t port() const { return port_; }
  /// The socket that will connect there; whoever else on this machine does is turned away.
  void expect(int fd);
  /// The proxy has opened the way.
  bool is_open() const { return relay_ != nullptr; }

 private:
  ProxyTunnel(base::EventLoop& loop, Options options, OnFailed on_failed)
      : loop_(loop), options_(std::move(options)), on_failed_(std::move(on_failed)) {}
  base::Status begin();
  void on_listener();
  void on_proxy();
  base::Status advance();
  base::Status ask();
  base::Status hear();
  base::Status join();
  void fail_later(base::Error error);

  base::EventLoop& loop_;
  Options options_;
  OnFailed on_failed_;
  base::Fd listener_;
  base::Fd near_;  // libmosquitto's end, once it is there
  base::Fd proxy_;
  std::uint16_t port_ = 0;
  std::uint16_t expected_ = 0;
  bool connected_ = false;
  bool open_ = false;
  ConnectAnswer answer_;
  std::unique_ptr<ByteRelay> relay_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace holdfast::sync
