// SPDX-License-Identifier: Apache-2.0
// GpuRequest: how a container is given GPUs of this machine (`nvidia.com/gpu`), which depends on what NVIDIA's Container Toolkit
// set up here:
//
//   a CDI specification of kind nvidia.com/gpu in /etc/cdi or /var/run/cdi   devices nvidia.com/gpu=0 …
//   a Jetson without one   the runtime "nvidia", which gives all of its one GPU: the toolkit refuses device requests there
//   another machine without one   a device request of the driver "nvidia"
//
// https://github.com/cncf-tags/container-device-interface/blob/main/SPEC.md
// https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/docker-specialized.html
// Threads: any; reads small files.
#pragma once

#include <cstdint>

#include "base/container.hpp"
#include "base/result.hpp"
#include "edge_agent/machine_tree.hpp"

namespace holdfast::edge_agent {

/// NVIDIA's alone: those of others are no `nvidia.com/gpu`.
std::uint32_t count_gpus(const MachineTree& tree);

/// Adds to `spec` what gives it `count` of the GPUs; nothing of 0. kUnsupported: there are not so many here.
base::Status request_gpus(const MachineTree& tree, std::uint32_t count, base::ContainerSpec& spec);

}  // namespace holdfast::edge_agent
