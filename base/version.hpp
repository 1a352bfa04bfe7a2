// SPDX-License-Identifier: Apache-2.0
// The version that programs and snapshots say. Set by the build (CMake project version).
// Threads: constant.
#pragma once

#ifndef HOLDFAST_VERSION
#define HOLDFAST_VERSION "0.1.0"
#endif

namespace holdfast::base {

inline constexpr const char* kVersion = HOLDFAST_VERSION;

}  // namespace holdfast::base
