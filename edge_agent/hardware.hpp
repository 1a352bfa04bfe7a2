// SPDX-License-Identifier: Apache-2.0
// Hardware: what tells this machine from one with a copy of its disk: serials of the board, from DMI or the device tree,
// and permanent addresses of network interfaces. Not the machine id, which is copied with the disk.
// Threads: any; reads files.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace holdfast::edge_agent {

/// "board_serial" → "17". `root`: of the file system, "" for the machine's own. Placeholders that makers leave in do
/// not count.
std::map<std::string, std::string> hardware_facts(const std::string& root = {});

/// What makers leave where a serial belongs: "To Be Filled By O.E.M.", "00000000".
bool is_placeholder(std::string text);

/// SHA-256 in hex of the facts of those names; empty where there are none, or one of them is missing: then it is not
/// known whether this is the same machine.
std::string fingerprint_of(const std::map<std::string, std::string>& facts,
                           const std::vector<std::string>& names);

/// As hello carries it: the first eight bytes, little-endian; 0 for an empty one.
std::uint64_t hardware_number(const std::string& fingerprint);

}  // namespace holdfast::edge_agent
