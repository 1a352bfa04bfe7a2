// SPDX-License-Identifier: Apache-2.0
// Facts of a board, from the files of its kernel: model, board, serial, soc, l4t, jetpack, cpus, memory, gpu, network.NAME. They
// change only with hardware, boot or upgrade, so they may stand in the snapshot. docs/facts.md has each with its path and the
// documentation that it comes from. What a board does not tell is no fact.
// Threads: any; reads files.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "edge_agent/machine_tree.hpp"

namespace holdfast::edge_agent {

std::map<std::string, std::string> board_facts(const MachineTree& tree);

/// "Raspberry Pi 4 Model B Rev 1.4" → "raspberry-pi-4-model-b-rev-1.4": as a label's value may be.
std::string label_form(std::string_view text);

/// As Kubernetes writes memory, whole mebibytes: "31406Mi".
std::string mebibytes_text(std::uint64_t bytes);

}  // namespace holdfast::edge_agent
