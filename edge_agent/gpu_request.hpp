// SPDX-License-Identifier: Apache-2.0
// GpuRequest: which GPUs this machine has for `nvidia.com/gpu`, and how a container is given some of them, which depends on what NVIDIA's
// Container Toolkit set up here and on what the engine does:
//
//   a CDI specification of kind nvidia.com/gpu in /etc/cdi or /var/run/cdi, and an engine that reads it   devices nvidia.com/gpu=0 …
//   a Jetson without   the runtime "nvidia", which gives all of its one GPU: the toolkit refuses device requests there
//   another machine without   a device request of the driver "nvidia"
//
// https://github.com/cncf-tags/container-device-interface/blob/main/SPEC.md
// https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/docker-specialized.html
// Threads: any; gpu_offer() reads small files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/container.hpp"
#include "base/engine.hpp"
#include "base/result.hpp"
#include "edge_agent/machine_tree.hpp"

namespace holdfast::edge_agent {

struct GpuOffer {
  std::uint32_t count = 0;  ///< NVIDIA's alone: those of others are no `nvidia.com/gpu`
  bool is_jetson = false;
  std::vector<std::string>
      cdi;  ///< of each the name of its CDI device, "0"; empty: there is no specification
  bool operator==(const GpuOffer&) const = default;
};

GpuOffer gpu_offer(const MachineTree& tree);

/// Adds to `spec` what gives it these, counted from 0; nothing of none. kUnsupported: this engine does not give them; says why.
base::Status give_gpus(const GpuOffer& offer, const base::EngineAbilities& engine,
                       const std::vector<std::uint32_t>& which, base::ContainerSpec& spec);

}  // namespace holdfast::edge_agent
