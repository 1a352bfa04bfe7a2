// SPDX-License-Identifier: Apache-2.0
// Reading JSON objects by path ("status/nodes/total") where absence is ordinary: an object of the hub's
// store, whose shape was checked when it was written.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace holdfast::hub {

/// Members separated by '/'; nullptr when one is missing or not an object.
const base::Json* find_at(const base::Json& object, std::string_view path);
/// "" when it is not a string.
std::string text_at(const base::Json& object, std::string_view path);
std::int64_t number_at(const base::Json& object, std::string_view path);
bool truth_at(const base::Json& object, std::string_view path);
/// Members that are strings.
std::map<std::string, std::string> strings_at(const base::Json& object, std::string_view path);

}  // namespace holdfast::hub
