// SPDX-License-Identifier: Apache-2.0
// SystemClock: the Clock seam over the kernel's CLOCK_REALTIME and CLOCK_BOOTTIME.
// Threads: any.
#pragma once

#include "base/clock.hpp"

namespace holdfast::base {

class SystemClock final : public Clock {
 public:
  WallTime wall() const override;
  /// Where a kernel lacks CLOCK_BOOTTIME it is CLOCK_MONOTONIC, which stands still in suspend.
  MonotonicTime monotonic() const override;
};

}  // namespace holdfast::base
