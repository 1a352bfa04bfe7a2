// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/units_of_machine.hpp"

#include <unistd.h>

#include "base/systemd/bus_socket.hpp"
#include "base/systemd/systemd_units.hpp"

namespace holdfast::edge_agent {
namespace {

/// As sd_booted(3) asks.
constexpr const char* kBootedBySystemd = "/run/systemd/system";

}  // namespace

std::unique_ptr<base::UnitManager> open_units(const AgentOptions& options, base::EventLoop& loop,
                                              const base::Clock& clock) {
  std::string socket = base::kSystemBusSocket;
  if (!options.system_bus.empty()) {
    socket = base::bus_socket_path(options.system_bus).value_or(socket);
  } else if (!(options.root.empty() || options.root == "/") || ::access(kBootedBySystemd, F_OK) != 0) {
    return nullptr;
  }
  return std::make_unique<base::SystemdUnits>(loop, clock, socket);
}

}  // namespace holdfast::edge_agent
