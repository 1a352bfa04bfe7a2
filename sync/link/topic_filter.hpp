// SPDX-License-Identifier: Apache-2.0
// MQTT topic filters (MQTT 5, §4.7).
// Threads: pure functions.
#pragma once

#include <string_view>

namespace holdfast::sync {

/// "+" is one level, a "#" at the end is all that follows, with its parent; "$…" is matched by name only.
bool topic_matches(std::string_view filter, std::string_view topic);

}  // namespace holdfast::sync
