// SPDX-License-Identifier: Apache-2.0
// Starting the workload: a child in a session of its own, as the user asked for, with nothing inherited but
// its output.
// Threads: the shim has one.
#pragma once

#include <sys/types.h>

#include "base/shim/start_record.hpp"

namespace holdfast::base::shim {

struct Launch {
  pid_t pid = 0;  ///< 0 when it failed
  int error = 0;  ///< errno
  const char* what = nullptr;
  bool not_executed = false;  ///< everything was ready, but the program itself could not be run
};

/// `output` becomes standard output and error. Returns when the program runs, or why it does not.
Launch start_workload(const StartRecord& record, int output);

/// Entering a cgroup makes the whole machine wait, 10 ms and more. Those that hold no limit, only the
/// workload together, are entered when nobody waits for the start any more.
void enter_late_cgroups(const Run& run, pid_t pid);

}  // namespace holdfast::base::shim
