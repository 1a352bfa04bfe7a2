// SPDX-License-Identifier: Apache-2.0
// What every fuzz target of sync/ needs: its input as text, and a way to say that something must hold.
// Only for *_fuzz.cpp.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace holdfast::sync {

inline std::string_view fuzz_input(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// A broken promise is a crash, which the fuzzer reports with its input.
inline void must_hold(bool promise) {
  if (!promise) std::abort();
}

}  // namespace holdfast::sync
