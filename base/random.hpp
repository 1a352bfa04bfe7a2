// SPDX-License-Identifier: Apache-2.0
// The Random seam: jitter, ids and keys. Real: base/system_random.hpp (getrandom). Fake:
// base/fake_random.hpp (seeded, the same numbers for the same seed).
// Threads: one caller at a time unless the implementation says otherwise.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

namespace holdfast::base {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;

  std::uint64_t next();
  /// Uniform in [0, bound). REQUIRES: bound > 0.
  std::uint64_t below(std::uint64_t bound);
  /// Full jitter: uniform in [0, limit].
  std::chrono::milliseconds jitter(std::chrono::milliseconds limit);
  /// RFC 9562 version 4, lower case, 36 characters.
  std::string uuid();
};

}  // namespace holdfast::base
