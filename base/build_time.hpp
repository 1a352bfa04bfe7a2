// SPDX-License-Identifier: Apache-2.0
// When this program was built: no clock that is right shows an earlier time. Set by the build (SOURCE_DATE_EPOCH, else the
// time of the commit), so that two builds of one commit are the same.
// Threads: constant.
#pragma once

#include "base/clock.hpp"

namespace holdfast::base {

/// 1970 where the build did not know.
WallTime build_time();

}  // namespace holdfast::base
