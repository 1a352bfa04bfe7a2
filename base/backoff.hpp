// SPDX-License-Identifier: Apache-2.0
// Backoff: how long to wait after the n-th time in a row. One value type for repairs of drift, restarts of
// processes, retries and reconnects. Times are given, never read.
// Threads: a plain value.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.hpp"
#include "base/random.hpp"

namespace holdfast::base {

struct BackoffPolicy {
  std::chrono::milliseconds base{1000};
  std::int64_t factor = 2;
  std::chrono::milliseconds max{300'000};
  /// So long without another record() after the wait was over, and it starts anew. Zero: never by itself.
  std::chrono::milliseconds reset_after{0};
  /// The first time costs nothing: the 1st waits 0, the 2nd `base`, the 3rd `base` × `factor`.
  bool is_first_free = false;
};

/// The policies of base/limits/.
BackoffPolicy drift_backoff();
BackoffPolicy process_backoff();

///     Backoff backoff(drift_backoff());
///     repair_after(backoff.record(now));   // 0 s, then 2 s, 6 s, 18 s … 300 s
class Backoff {
 public:
  explicit Backoff(BackoffPolicy policy) : policy_(policy) {}

  /// It happened (a drift, an exit, a failed try) at `now`. Returns how long to wait from then.
  std::chrono::milliseconds record(MonotonicTime now);
  /// The same with full jitter: uniform from zero to what record(now) would give.
  std::chrono::milliseconds record(MonotonicTime now, Random& random);
  /// It is over, or something changed: the next time is a first time.
  void reset() { count_ = 0; }

  /// How many times in a row, as of the last record().
  std::int64_t count() const { return count_; }
  /// When the last wait is over. REQUIRES: count() > 0.
  MonotonicTime ready_at() const { return ready_at_; }
  bool is_ready(MonotonicTime now) const { return count_ == 0 || now >= ready_at_; }

  bool operator==(const Backoff& other) const {
    return count_ == other.count_ && ready_at_ == other.ready_at_;
  }

 private:
  std::chrono::milliseconds wait() const;

  BackoffPolicy policy_;
  std::int64_t count_ = 0;
  MonotonicTime ready_at_{};
};

}  // namespace holdfast::base
