// SPDX-License-Identifier: Apache-2.0
// FakeRandom: the Random seam from a seed. xoshiro256** started by splitmix64 (Blackman and Vigna, public
// domain algorithms), because the engines and above all the distributions of <random> differ between
// standard libraries, and a seed must replay everywhere.
// Threads: one caller at a time.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/random.hpp"

namespace holdfast::base {

class FakeRandom final : public Random {
 public:
  explicit FakeRandom(std::uint64_t seed) {
    for (auto& word : state_) word = split(seed);
  }

  /// Every call starts at a fresh word: what is left of the last one is dropped.
  void fill(std::span<std::uint8_t> out) override {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
      word = i % 8 == 0 ? draw() : word >> 8U;
      out[i] = static_cast<std::uint8_t>(word & 0xffU);
    }
  }

 private:
  static std::uint64_t split(std::uint64_t& seed) {
    std::uint64_t z = (seed += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }

  std::uint64_t draw() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17U;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  std::array<std::uint64_t, 4> state_{};
};

}  // namespace holdfast::base
