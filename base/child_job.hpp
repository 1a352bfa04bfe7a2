// SPDX-License-Identifier: Apache-2.0
// The child's end of base/child_call.hpp: a program that reads one job from standard input, bounds itself, and answers on
// standard output.
// Threads: a program that does nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::base {

/// All of standard input; kLimit when it is more than `bytes_max`.
Result<std::string> read_job(std::size_t bytes_max);
/// Best effort: nobody may listen any more.
void write_answer(std::string_view text);

struct ChildBounds {
  std::uint64_t cpu_s_max = 0;
  std::uint64_t file_bytes_max = 0;  ///< 0: it writes no file
  /// Of address space. Not set under a sanitizer, which maps terabytes that it never uses.
  std::uint64_t memory_bytes_max = 0;
};
/// Those, and what every such child has: it dies with its parent, leaves no core, can be neither dumped nor traced, and a
/// write to nobody or over the limit is an error, no signal.
Status bound_child(const ChildBounds& bounds);

}  // namespace holdfast::base
