// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/machine_facts.hpp"

#include <sys/utsname.h>

namespace holdfast::edge_agent {

std::string architecture_name(const std::string& machine) {
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  if (machine.starts_with("armv") || machine == "arm") return "arm";
  return machine;
}

std::map<std::string, std::string> machine_facts() {
  utsname names{};
  if (uname(&names) != 0) return {};
  return {{"arch", architecture_name(names.machine)},
          {"os", "linux"},
          {"kernel", names.release},
          {"hostname", names.nodename}};
}

}  // namespace holdfast::edge_agent
