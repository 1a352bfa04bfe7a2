// SPDX-License-Identifier: Apache-2.0
// What FakeUnitManager reads in the text of unit files.
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::base {

bool has_line(std::string_view text, std::string_view line);
/// "a b" of "Name=a" and "Name=b".
std::vector<std::string> values_of(std::string_view text, std::string_view name);

}  // namespace holdfast::base
