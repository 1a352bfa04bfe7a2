// SPDX-License-Identifier: Apache-2.0
#include "base/build_time.hpp"

#ifndef HOLDFAST_BUILD_TIME_S
#define HOLDFAST_BUILD_TIME_S 0
#endif

namespace holdfast::base {

WallTime build_time() { return WallTime(std::chrono::seconds(HOLDFAST_BUILD_TIME_S)); }

}  // namespace holdfast::base
