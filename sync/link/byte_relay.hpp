// SPDX-License-Identifier: Apache-2.0
// ByteRelay: passes bytes between two sockets, both ways, until both have ended. Bounded: who sends faster than the
// other side reads has to wait. The end of one direction is passed on; the other goes on, but not for ever.
// Threads: the event loop's. It may be destroyed at any time but inside itself; `on_end` is not inside.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>

#include "base/event_loop.hpp"
#include "base/handle.hpp"
#include "base/result.hpp"

namespace holdfast::sync {

class ByteRelay {
 public:
  /// Of two sockets that do not block, `there` may still be connecting. `first` was read from `here` before.
  static base::Result<std::unique_ptr<ByteRelay>> start(base::EventLoop& loop, base::Fd here, base::Fd there,
                                                        std::string first, std::function<void()> on_end);
  ~ByteRelay();
  ByteRelay(const ByteRelay&) = delete;
  ByteRelay& operator=(const ByteRelay&) = delete;

 private:
  struct Direction {
    int from = -1;
    int to = -1;
    std::string waiting{};   // read and not yet sent
    bool ended = false;      // nothing more to read
    bool passed_on = false;  // and the other side knows
  };
  enum class Flow { kOpen, kBroken };

  ByteRelay(base::EventLoop& loop, base::Fd here, base::Fd there, std::string first,
            std::function<void()> on_end);
  void on_ready();
  Flow pump(Direction& direction);
  Flow send(Direction& direction);
  Flow receive(Direction& direction);
  base::Status watch();
  base::Status watch(int fd, bool& watched, base::Ready interest);
  void end();

  base::EventLoop& loop_;
  base::Fd here_;
  base::Fd there_;
  std::array<Direction, 2> directions_;
  std::function<void()> on_end_;
  std::unique_ptr<base::EventLoop::Timer> half_closed_;
  bool here_watched_ = false;
  bool there_watched_ = false;
  bool progress_ = false;
  bool over_ = false;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace holdfast::sync
