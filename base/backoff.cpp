// SPDX-License-Identifier: Apache-2.0
#include "base/backoff.hpp"

#include <algorithm>

#include "base/limits/agent.hpp"

namespace holdfast::base {

using std::chrono::milliseconds;

BackoffPolicy drift_backoff() {
  return {.base = limits::kDriftBackoffBase,
          .factor = limits::kDriftBackoffFactor,
          .max = limits::kDriftBackoffMax,
          .reset_after = limits::kDriftQuiet,
          .is_first_free = true};
}

BackoffPolicy process_backoff() {
  return {.base = limits::kProcessBackoffBase,
          .factor = limits::kProcessBackoffFactor,
          .max = limits::kProcessBackoffMax,
          .reset_after = limits::kProcessBackoffReset,
          .is_first_free = true};
}

milliseconds Backoff::record(MonotonicTime now) {
  const bool was_quiet = policy_.reset_after > milliseconds::zero() && now - ready_at_ >= policy_.reset_after;
  if (count_ > 0 && was_quiet) reset();
  ++count_;
  const milliseconds delay = wait();
  ready_at_ = now + delay;
  return delay;
}

milliseconds Backoff::record(MonotonicTime now, Random& random) {
  const milliseconds delay = random.jitter(record(now));
  ready_at_ = now + delay;
  return delay;
}

milliseconds Backoff::wait() const {
  const milliseconds max = std::max(policy_.max, milliseconds::zero());
  const std::int64_t factor = std::max<std::int64_t>(policy_.factor, 1);
  milliseconds delay = std::clamp(policy_.base, milliseconds::zero(), max);
  const std::int64_t doublings = count_ - (policy_.is_first_free ? 2 : 1);
  if (doublings < 0) return milliseconds::zero();
  for (std::int64_t i = 0; i < doublings && delay > milliseconds::zero() && delay < max; ++i) {
    delay = delay > max / factor ? max : delay * factor;
    if (factor == 1) break;
  }
  return delay;
}

}  // namespace holdfast::base
