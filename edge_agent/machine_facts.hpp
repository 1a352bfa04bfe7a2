// SPDX-License-Identifier: Apache-2.0
// What a node says of its machine, for templates ({{ .node.facts.arch }}) and labels (facts.holdfast.dev/arch).
// They change only with hardware, boot or upgrade; what changes by itself is in machine_readings.hpp.
// Threads: any.
#pragma once

#include <map>
#include <string>

#include "edge_agent/machine_tree.hpp"

namespace holdfast::edge_agent {

/// arch ("amd64", "arm64", "arm": Kubernetes' names), os, kernel, hostname; disk: the size of the file system that `data` is on;
/// and those of the board (board_facts.hpp).
std::map<std::string, std::string> machine_facts(const std::string& data,
                                                 const MachineTree& tree = MachineTree());
/// "aarch64" → "arm64"; what is unknown stays as the kernel says it.
std::string architecture_name(const std::string& machine);

}  // namespace holdfast::edge_agent
