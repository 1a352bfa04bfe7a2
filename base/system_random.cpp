// SPDX-License-Identifier: Apache-2.0
#include "base/system_random.hpp"

#include <sys/random.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>

namespace holdfast::base {

void SystemRandom::fill(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const auto got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      std::abort();
    }
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace holdfast::base
