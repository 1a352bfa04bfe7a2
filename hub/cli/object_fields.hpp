// SPDX-License-Identifier: Apache-2.0
// Reading what the hub sent without trusting its shape: a member that is missing or of another type is empty.
// Paths are written with '/': "status/nodes/ready".
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace holdfast::cli {

const base::Json* find_at(const base::Json& object, std::string_view path);
std::string text_at(const base::Json& object, std::string_view path);
std::int64_t number_at(const base::Json& object, std::string_view path);
bool truth_at(const base::Json& object, std::string_view path);
/// An empty array where there is none.
const base::Json& list_at(const base::Json& object, std::string_view path);
/// Members that are strings.
std::map<std::string, std::string> strings_at(const base::Json& object, std::string_view path);
/// A value as a cell or a line shows it: a string as it is, null as nothing, else JSON.
std::string value_text(const base::Json& value);
/// JSON for people and scripts; bytes that are no UTF-8 are replaced.
std::string json_text(const base::Json& value);

}  // namespace holdfast::cli
