// SPDX-License-Identifier: Apache-2.0
// SystemRandom: the Random seam over getrandom(2), fit for keys.
// Threads: any number of callers at a time.
#pragma once

#include "base/random.hpp"

namespace holdfast::base {

class SystemRandom final : public Random {
 public:
  /// Waits for the kernel's pool early at boot. A kernel that gives no randomness ends the program:
  /// every key made after that would be worth nothing.
  void fill(std::span<std::uint8_t> out) override;
};

}  // namespace holdfast::base
