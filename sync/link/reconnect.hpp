// SPDX-License-Identifier: Apache-2.0
// How long to wait for the next attempt to reach the broker. The hub dictates the window, because it knows
// how many would come at once; a node alone widens it when nobody has answered for long.
// Threads: pure functions.
#pragma once

#include <chrono>

#include "base/random.hpp"

namespace holdfast::sync {

/// The window after so many failures in a row (each: of all addresses, or of a session that ended within 30 s): as given for the first ten, then doubled with each, up to
/// limits::kReconnectWindowMax (or as given, where that is more).
std::chrono::milliseconds reconnect_window(std::chrono::milliseconds given, int failures);
/// Full jitter inside it: uniform from zero.
std::chrono::milliseconds reconnect_wait(std::chrono::milliseconds given, int failures, base::Random& random);

}  // namespace holdfast::sync
