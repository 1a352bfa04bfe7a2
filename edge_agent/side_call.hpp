// SPDX-License-Identifier: Apache-2.0
// SideCall: one question at a time in a thread of its own, for what can only block: a call over HTTPS. The answer comes
// on the event loop. The thread may outlive whoever asked: a hub that says nothing does not hold up the end.
// Threads: one, the event loop's; the question runs in one of its own and touches nothing but what it was given.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "base/event_loop.hpp"

namespace holdfast::edge_agent {

template <class Answer>
class SideCall {
 public:
  /// `on_answer` may start the next one.
  SideCall(base::EventLoop& loop, std::function<void(const Answer&)> on_answer)
      : loop_(loop), on_answer_(std::move(on_answer)) {}
  ~SideCall() {
    if (!shared_) return;
    const std::lock_guard guard(shared_->mutex);
    shared_->owner = nullptr;
  }
  SideCall(const SideCall&) = delete;
  SideCall& operator=(const SideCall&) = delete;

  bool is_under_way() const { return shared_ != nullptr; }
  /// REQUIRES: none is under way. `ask` owns all that it uses.
  void start(std::function<Answer()> ask) {
    shared_ = std::make_shared<Shared>();
    shared_->owner = this;
    std::thread([shared = shared_, ask = std::move(ask)] {
      auto answer = ask();
      const std::lock_guard guard(shared->mutex);
      if (shared->owner == nullptr) return;
      shared->owner->loop_.post([shared, answer = std::move(answer)] {
        if (shared->owner != nullptr) shared->owner->end(answer);
      });
    }).detach();
  }

 private:
  struct Shared {
    std::mutex mutex;
    SideCall* owner = nullptr;
  };
  void end(const Answer& answer) {
    shared_.reset();
    on_answer_(answer);
  }

  base::EventLoop& loop_;
  std::function<void(const Answer&)> on_answer_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace holdfast::edge_agent
