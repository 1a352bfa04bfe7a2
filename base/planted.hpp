// SPDX-License-Identifier: Apache-2.0
// planted: mistakes that the simulator must catch, one name each; test/sim/planted.hpp lists them. They exist only
// in the dev build (HOLDFAST_PLANTED), where the simulator runs; everywhere else this is a constant false and leaves no code.
// Threads: set before anything runs, then only read.
#pragma once

#include <string_view>

namespace holdfast::base {

#ifdef HOLDFAST_PLANTED
bool planted(std::string_view name);
/// The one that is in force from now on; empty: none. The text outlives its use.
void plant(std::string_view name);
#else
constexpr bool planted(std::string_view) { return false; }
constexpr void plant(std::string_view) {}
#endif

}  // namespace holdfast::base
