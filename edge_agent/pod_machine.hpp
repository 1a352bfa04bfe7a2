// SPDX-License-Identifier: Apache-2.0
// PodMachine: what pods ask of the machine, read when one asks.
// Threads: one, the engine's.
#pragma once

#include <functional>
#include <string>

#include "edge_agent/gpu_request.hpp"

namespace holdfast::edge_agent {

struct PodMachine {
  std::function<GpuOffer()> gpus{};  ///< none: it has none
  std::function<std::string()>
      address{};  ///< by which others reach it (status.hostIP); empty: it has none now
};

}  // namespace holdfast::edge_agent
