// SPDX-License-Identifier: Apache-2.0
// YAML as kubectl writes it, from JSON: members sorted, text of several lines as a block. What is written
// here reads back as the same value by YAML 1.1 and 1.2 alike: whatever could be taken for something else is
// quoted.
// Threads: pure functions.
#pragma once

#include <string>

#include "base/json.hpp"

namespace holdfast::cli {

std::string yaml_text(const base::Json& value);

}  // namespace holdfast::cli
