// SPDX-License-Identifier: Apache-2.0
// FakeProxy: an HTTP CONNECT proxy on a free port of 127.0.0.1, for tests. It leads every connection to one port,
// whatever name was asked for, and can play dead in the middle of it, as a network does that lost a route.
// Threads: its own; the test calls the rest.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/event_loop.hpp"
#include "base/handle.hpp"

namespace holdfast::sync {

class FakeProxy {
 public:
  /// `answer`: what it says to CONNECT; empty: nothing. Only one that begins with "HTTP/1.1 200" leads on.
  FakeProxy(std::uint16_t target, std::string answer);
  explicit FakeProxy(std::uint16_t target)
      : FakeProxy(target, "HTTP/1.1 200 Connection established\r\n\r\n") {}
  FakeProxy(const FakeProxy&) = delete;
  FakeProxy& operator=(const FakeProxy&) = delete;
  ~FakeProxy();

  std::uint16_t port() const { return port_; }
  /// From now on nothing passes and nobody is told; new connections fare no better.
  void swallow(bool on) { swallows_ = on; }
  /// The requests so far.
  std::vector<std::string> requests() const;

 private:
  struct Passage;
  void run();
  void take();
  void on_ready(Passage& passage, bool near);

  std::string answer_;
  std::uint16_t target_;
  std::uint16_t port_ = 0;
  base::Fd listener_;
  std::unique_ptr<base::EventLoop> loop_;
  std::vector<std::unique_ptr<Passage>> passages_;
  std::atomic<bool> swallows_ = false;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace holdfast::sync
