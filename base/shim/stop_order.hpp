// SPDX-License-Identifier: Apache-2.0
// StopOrder: the agent's wish that the workload end, and how long it may take (format: base/run_format.hpp).
// Threads: the shim has one.
#pragma once

#include <cstdint>

#include "base/shim/start_record.hpp"

namespace holdfast::base::shim {

/// The grace in milliseconds; -1 when there is no order for this run.
std::int64_t read_stop_order(int run_folder, const Run& run);

}  // namespace holdfast::base::shim
