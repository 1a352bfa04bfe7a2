// SPDX-License-Identifier: Apache-2.0
// GpuDevice: which GPU a machine has, and in which file its driver says how busy it is. A GPU that sleeps is not asked, because some
// drivers wake it for an answer.
// Threads: any; reads files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "edge_agent/machine_tree.hpp"

namespace holdfast::edge_agent {

struct GpuDevice {
  std::string model;         ///< "ga10b", "2711-v3d", "intel-5a85"
  std::string device;        ///< its folder below /sys
  std::string load_file;     ///< empty: its driver does not say
  std::int64_t load_of = 0;  ///< what the file says of a GPU that is wholly busy
};

/// The first; a Jetson's is found by devfreq, others by DRM.
std::optional<GpuDevice> find_gpu(const MachineTree& tree);

/// 0 to 1; 0 of one that sleeps.
std::optional<double> gpu_load(const MachineTree& tree, const GpuDevice& gpu);

}  // namespace holdfast::edge_agent
