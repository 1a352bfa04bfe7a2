// SPDX-License-Identifier: Apache-2.0
#include "test/sim/box.hpp"

#include <algorithm>

namespace holdfast::sim {

using std::chrono::milliseconds;

void Box::guard(const std::function<void()>& work) {
  if (is_dead_) return;
  try {
    work();
  } catch (const Crash&) {
    note("dies");
    is_dead_ = true;
  }
  is_woken_ = true;
}

void Box::go_down(milliseconds duration) {
  end();
  is_up_ = false;
  is_dead_ = false;
  is_woken_ = false;
  next_.reset();
  up_at_ = clock.monotonic() + duration;
}

void Box::come_up() {
  up_at_.reset();
  bool started = false;
  guard([&] { started = begin(); });
  if (is_dead_ || !started) {
    go_down(std::max(down_for_, milliseconds{1'000}));
    return;
  }
  note("up");
  is_up_ = true;
  is_woken_ = true;
}

void Box::run() {
  if (!is_up_) {
    if (up_at_ && *up_at_ <= clock.monotonic()) come_up();
    return;
  }
  const bool is_due = next_ && *next_ <= clock.monotonic();
  if (!is_dead_ && (is_woken_ || is_due)) {
    is_woken_ = false;
    guard([&] { next_ = work(); });
    // guard() wakes, for callbacks change what is due; here that is known already.
    is_woken_ = is_dead_;
  }
  if (is_dead_) go_down(std::max(down_for_, milliseconds{1}));
}

std::optional<milliseconds> Box::due_in() const {
  if (is_up_ && (is_woken_ || is_dead_)) return milliseconds{0};
  const auto& at = is_up_ ? next_ : up_at_;
  if (!at) return std::nullopt;
  return std::max(*at - clock.monotonic(), milliseconds{0});
}

void Box::advance(milliseconds by) { clock.advance(by); }

void Box::crash_within(std::uint32_t points, milliseconds later) {
  fuse.arm(points);
  down_for_ = later;
}

void Box::stop_for(milliseconds duration) {
  note("stopped");
  if (is_up_) {
    go_down(duration);
  } else {
    up_at_ = clock.monotonic() + duration;
  }
}

void Box::make_safe() {
  fuse.disarm();
  down_for_ = milliseconds{0};
  if (!is_up_) up_at_ = clock.monotonic();
}

}  // namespace holdfast::sim
