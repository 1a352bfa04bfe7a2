// SPDX-License-Identifier: Apache-2.0
// Accounts: how a manifest names a user or group of the node: a name or a number, always as a string.
// Threads: pure functions.
#pragma once

#include <string_view>

#include "base/result.hpp"

namespace holdfast::sync {

/// "root", "1000". `what` is "user" or "group".
base::Status check_account(std::string_view account, std::string_view what);
/// "robot", "1000" or "1000:1000".
base::Status check_user_and_group(std::string_view text);

}  // namespace holdfast::sync
