// SPDX-License-Identifier: Apache-2.0
// PodMachine: what pods ask of the machine, read when one asks.
// Threads: one, the engine's.
#pragma once

#include <functional>

#include "edge_agent/gpu_request.hpp"

namespace holdfast::edge_agent {

struct PodMachine {
  std::function<GpuOffer()> gpus{};  ///< none: it has none
};

}  // namespace holdfast::edge_agent
