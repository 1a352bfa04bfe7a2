// SPDX-License-Identifier: Apache-2.0
// Canary: each value of a secret is one of its own, and is known wherever it shows up in clear or as base64. Threads: one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::sim {

std::string canary(std::uint64_t number);
bool holds_canary(std::string_view bytes);

}  // namespace holdfast::sim
