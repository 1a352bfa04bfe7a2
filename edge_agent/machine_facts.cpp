// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/machine_facts.hpp"

#include <sys/utsname.h>

#include "edge_agent/board_facts.hpp"
#include "edge_agent/machine_calls.hpp"

namespace holdfast::edge_agent {

std::string architecture_name(const std::string& machine) {
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  if (machine.starts_with("armv") || machine == "arm") return "arm";
  return machine;
}

std::map<std::string, std::string> machine_facts(const std::string& data, const MachineTree& tree) {
  auto out = board_facts(tree);
  out["os"] = "linux";
  if (const auto disk = disk_space(data)) out["disk"] = mebibytes_text(disk->total);
  utsname names{};
  if (uname(&names) != 0) return out;
  out["arch"] = architecture_name(names.machine);
  out["kernel"] = names.release;
  out["hostname"] = names.nodename;
  return out;
}

}  // namespace holdfast::edge_agent
