// SPDX-License-Identifier: Apache-2.0
// What the name of an error on the bus means: whether it is for Git to mend, or for this machine, later.
// Threads: a pure function.
#pragma once

#include <string_view>

#include "base/result.hpp"

namespace holdfast::base {

Code code_of_bus_error(std::string_view name);

}  // namespace holdfast::base
