// SPDX-License-Identifier: Apache-2.0
// PodPlaces: where on this machine the files of pods lie.
// Threads: plain values.
#pragma once

#include <string>

namespace holdfast::edge_agent {

struct PodPlaces {
  std::string disk;    ///< empty: volumes that need a folder are refused
  std::string memory;  ///< on a tmpfs; empty: as `disk`
  std::string shim;    ///< path of holdfast-shim; empty: pods of several containers are refused
  std::string root;    ///< beneath which a hostPath lies; empty: "/"
};

/// `data`: the agent's folder; `root`: of --root. Memory is /run or /dev/shm, where that is a tmpfs, in a folder of this agent's own.
PodPlaces pod_places(const std::string& data, const std::string& root);

}  // namespace holdfast::edge_agent
