// SPDX-License-Identifier: Apache-2.0
// What LMDB's return codes mean in Holdfast's terms.
// Threads: pure functions.
#pragma once

#include <string_view>

#include "base/result.hpp"

namespace holdfast::sync {

/// REQUIRES: rc != 0. No room (also a read-only file system) is kNoSpace, a damaged file kCorrupt.
base::Error lmdb_error(int rc, std::string_view what);
/// lmdb_error() when rc is not zero.
base::Status lmdb_status(int rc, std::string_view what);

}  // namespace holdfast::sync
