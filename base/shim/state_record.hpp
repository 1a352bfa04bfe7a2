// SPDX-License-Identifier: Apache-2.0
// StateRecord: what became of the workload, for whichever agent reads it next (format: base/run_format.hpp).
// Room for the record of the end is taken at the start, so that a full disk cannot lose an exit.
// Threads: the shim has one.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "base/shim/start_record.hpp"

namespace holdfast::base::shim {

struct State {
  pid_t pid = 0;  ///< 0: it never ran
  std::int64_t pid_start = 0;
  std::int64_t started_ms = 0;
  std::int64_t ended_ms = 0;
  bool exited = false;
  int exit_code = 0;
  int exit_signal = 0;
  Text<512> detail;
};

/// Puts the record in place; one of an ended workload is durable when this returns true.
bool write_state(int run_folder, const Run& run, const State& state);
/// Best effort: without it the record of the end needs room at the end.
void reserve_state(int run_folder);

}  // namespace holdfast::base::shim
