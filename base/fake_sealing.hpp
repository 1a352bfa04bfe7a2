// SPDX-License-Identifier: Apache-2.0
// What seal() draws for each sender key, from a seed: so that what is sealed is the same in every run, for the simulator's
// traces. For a program that does nothing but test: no secret is safe after it.
// Threads: one; before the first secret is sealed, and again for each run.
#pragma once

#include <cstdint>

namespace holdfast::base {

void make_sealing_repeatable(std::uint64_t seed);

}  // namespace holdfast::base
