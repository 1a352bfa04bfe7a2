// SPDX-License-Identifier: Apache-2.0
// GpuNeed: how many GPUs an application wants of its node, and whether they are there beside what other applications have. As a scheduler
// counts them: whoever is there keeps what it has, and what comes later and does not fit is not begun.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "edge_agent/target.hpp"

namespace holdfast::edge_agent {

struct GpuNeed {
  std::uint32_t lasting = 0;  ///< of what runs on
  std::uint32_t passing = 0;  ///< of the Job, CronJob or hook that wants most: such wait for each other
  std::uint32_t again = 0;    ///< of the CronJob that wants most: kept free, for its next Job comes
  std::uint32_t most() const { return lasting + passing; }
};
GpuNeed gpu_need(const Target& target);

/// Another application, by its name.
struct GpuHolder {
  std::string name;
  GpuNeed need;
};
/// kUnsupported: they do not fit into `there`; names the resources, who has how many, and what to do.
base::Status check_gpu_need(const Target& target, const std::vector<GpuHolder>& others, std::uint32_t there);

}  // namespace holdfast::edge_agent
