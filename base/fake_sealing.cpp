// SPDX-License-Identifier: Apache-2.0
#include "base/fake_sealing.hpp"

#include <sodium.h>

#include <span>

#include "base/fake_random.hpp"

namespace holdfast::base {
namespace {

FakeRandom& source() {
  static FakeRandom random(0);
  return random;
}

void fill(void* out, std::size_t size) { source().fill({static_cast<std::uint8_t*>(out), size}); }

std::uint32_t draw() {
  std::uint32_t out = 0;
  fill(&out, sizeof(out));
  return out;
}

const char* name() { return "fake"; }

randombytes_implementation implementation{.implementation_name = name,
                                          .random = draw,
                                          .stir = nullptr,
                                          .uniform = nullptr,
                                          .buf = fill,
                                          .close = nullptr};

}  // namespace

void make_sealing_repeatable(std::uint64_t seed) {
  source() = FakeRandom(seed);
  randombytes_set_implementation(&implementation);
}

}  // namespace holdfast::base
