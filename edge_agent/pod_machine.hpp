// SPDX-License-Identifier: Apache-2.0
// PodMachine: what pods ask of the machine, read when one asks.
// Threads: one, the engine's.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "base/result.hpp"
#include "edge_agent/gpu_request.hpp"

namespace holdfast::edge_agent {

struct PodMachine {
  std::function<GpuOffer()> gpus{};  ///< none: it has none
  std::function<std::string()>
      address{};  ///< by which others reach it (status.hostIP); empty: it has none now
  /// A file of its own, whatever root the files of manifests live under (time zones). None: beneath that root.
  std::function<base::Result<std::string>(const std::string& path, std::size_t bytes_max)> file{};
};

}  // namespace holdfast::edge_agent
