// SPDX-License-Identifier: Apache-2.0
// FakePeer: something that listens on a free port of 127.0.0.1, for tests of what a client meets on a
// network: silence, a closed door, a TLS server that says what the test tells it to.
// Threads: its own, one connection after another; stop() (or its end) breaks off what is open.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "base/handle.hpp"
#include "sync/link/tls.hpp"

namespace holdfast::sync {

class FakePeer {
 public:
  /// A connection whose handshake is done.
  class Session {
   public:
    explicit Session(SSL* ssl) : ssl_(ssl) {}
    /// Up to `end`, or what came before the client went away.
    std::string read_until(std::string_view end);
    void write(std::string_view bytes);
    std::string alpn() const;
    std::string server_name() const;
    std::string client_name() const;  ///< common name of its certificate

   private:
    SSL* ssl_;
  };

  /// Accepts and never says a word.
  static FakePeer silent() { return FakePeer(nullptr, {}); }
  /// Speaks TLS; `serve` runs for each connection, which then ends properly.
  static FakePeer tls(const TlsServerOptions& options, std::function<void(Session&)> serve);
  FakePeer(FakePeer&&) = delete;
  ~FakePeer();

  std::uint16_t port() const { return port_; }
  int accepted() const { return accepted_; }

 private:
  FakePeer(SslContext context, std::function<void(Session&)> serve);
  void run();
  void serve_one(int fd);

  SslContext context_;
  std::function<void(Session&)> serve_;
  std::uint16_t port_ = 0;
  base::Fd listener_;
  base::Fd stop_read_;
  base::Fd stop_write_;
  std::atomic<int> accepted_ = 0;
  std::thread thread_;
};

/// A port of 127.0.0.1 on which nothing listens.
std::uint16_t closed_port();

}  // namespace holdfast::sync
