// SPDX-License-Identifier: Apache-2.0
// Exchange: one request to an engine and its answer, on a connection of its own over its Unix socket. A connection costs
// 50 µs there, and one that is not kept cannot be stale.
// Threads: the event loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/engine.hpp"
#include "base/engine/http_stream.hpp"
#include "base/event_loop.hpp"
#include "base/handle.hpp"
#include "base/result.hpp"

namespace holdfast::base {

struct EngineRequest {
  std::string method;
  std::string target;             ///< path and query, escaped
  std::string json;               ///< the body; empty: none
  Engine::ReadArchive archive{};  ///< or this is, an archive that is sent in chunks
};

class Exchange {
 public:
  struct Listener {
    /// The whole request was given to the kernel. May be absent.
    std::function<void()> on_sent;
    /// The head is whole. May be absent.
    std::function<void(const HttpHead&)> on_head;
    /// A piece of the body, after the head. An error ends the exchange with it.
    std::function<Status(std::string_view)> on_body;
    /// Once, and nothing after it; the exchange may be destroyed inside. Success: the answer is whole.
    std::function<void(Status)> on_end;
  };
  struct Deadlines {
    std::optional<std::chrono::milliseconds> total{};
    std::optional<std::chrono::milliseconds> silence{};  ///< neither side has moved a byte
  };
  /// What fails at once is told from the loop, like everything else.
  Exchange(EventLoop& loop, const std::string& socket_path, EngineRequest request, Deadlines deadlines,
           Listener listener);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  /// Ends it without a word. It must not be destroyed inside a callback other than on_end; this may be called in each.
  void abandon();

 private:
  Status connect(const std::string& socket_path);
  void send_at_once();
  void ready(Ready ready);
  // False: the exchange has ended, and may be gone.
  bool send();
  bool refill();
  bool take_archive();
  void receive();
  void take(std::string_view bytes);
  void stop_sending();
  void moved();
  void late();
  void end(Status status);

  EventLoop& loop_;
  Deadlines deadlines_;
  Listener listener_;
  std::string out_;  ///< to be sent
  Engine::ReadArchive archive_;
  std::size_t sent_ = 0;  ///< of it
  bool is_sending_ = true;
  bool is_headed_ = false;
  HttpStream stream_;
  Fd socket_;
  std::optional<Error> failed_;
  std::unique_ptr<EventLoop::Timer> total_;
  std::unique_ptr<EventLoop::Timer> silence_;
};

}  // namespace holdfast::base
