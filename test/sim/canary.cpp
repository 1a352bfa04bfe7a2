// SPDX-License-Identifier: Apache-2.0
#include "test/sim/canary.hpp"

namespace holdfast::sim {

namespace {
constexpr std::string_view kClear = "canary-";
constexpr std::string_view kBase64 = "Y2FuYXJ5";  // of "canary"
}  // namespace

std::string canary(std::uint64_t number) { return std::string(kClear) + std::to_string(number); }

bool holds_canary(std::string_view bytes) {
  return bytes.find(kClear) != std::string_view::npos || bytes.find(kBase64) != std::string_view::npos;
}

}  // namespace holdfast::sim
