// SPDX-License-Identifier: Apache-2.0
// The epoll loop that agent and hub run on: file descriptors, timers, signals and wake-ups from other
// threads. Nothing here decides; it calls back.
// Threads: everything on the loop's thread, but post() and stop(), which any thread may call.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.hpp"

namespace holdfast::base {

enum class Ready : std::uint32_t { kNone = 0, kRead = 1, kWrite = 2, kError = 4 };
constexpr Ready operator|(Ready a, Ready b) { return Ready(std::uint32_t(a) | std::uint32_t(b)); }
constexpr bool has(Ready set, Ready bit) { return (std::uint32_t(set) & std::uint32_t(bit)) != 0; }

class EventLoop {
 public:
  static Result<std::unique_ptr<EventLoop>> create();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  using OnReady = std::function<void(Ready)>;
  /// The loop never closes `fd`. One watch a descriptor.
  Status watch(int fd, Ready interest, OnReady on_ready);
  Status change(int fd, Ready interest);
  /// Safe inside any callback, for its own fd too. Call before closing the descriptor.
  void unwatch(int fd);

  /// A one-shot timer that can be set again and again; `set` replaces the earlier deadline.
  class Timer {
   public:
    virtual ~Timer() = default;
    virtual void set(std::chrono::milliseconds after) = 0;
    virtual void cancel() = 0;
  };
  std::unique_ptr<Timer> timer(std::function<void()> on_due);

  /// Blocks `signals` for the process (call before starting threads) and delivers them here. They stay
  /// blocked in children until those unblock them.
  Status on_signals(const std::vector<int>& signals, std::function<void(int)> on_signal);

  void post(std::function<void()> work);
  void run();
  /// Runs what is ready, waiting at most `wait`; returns how many callbacks ran. For tests.
  std::size_t run_once(std::chrono::milliseconds wait);
  void stop();

 private:
  struct State;
  explicit EventLoop(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::base
