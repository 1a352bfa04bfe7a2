// SPDX-License-Identifier: Apache-2.0
// Starting a holdfast-shim and hearing from it whether its workload runs.
// Threads: one at a time.
#pragma once

#include <chrono>
#include <string>

#include "base/handle.hpp"
#include "base/result.hpp"

namespace holdfast::base {

struct ShimLaunch {
  std::string shim_path;
  std::string run_folder;
  std::string log_folder;
  std::chrono::milliseconds timeout;
};

/// Hands the held `lock` on. Returns when the shim has recorded the start; its error when the workload could
/// not be started; Code::kTimeout when it did not answer (it may still start).
Status launch_shim(const ShimLaunch& launch, const Fd& lock);

}  // namespace holdfast::base
