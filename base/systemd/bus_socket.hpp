// SPDX-License-Identifier: Apache-2.0
// Where a message bus listens.
// Threads: pure function.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::base {

inline constexpr const char* kSystemBusSocket = "/run/dbus/system_bus_socket";

/// The path of "unix:path=/run/dbus/system_bus_socket". Other addresses are kInvalid.
Result<std::string> bus_socket_path(std::string_view address);

}  // namespace holdfast::base
