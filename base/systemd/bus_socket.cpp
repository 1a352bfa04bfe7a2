// SPDX-License-Identifier: Apache-2.0
#include "base/systemd/bus_socket.hpp"

#include <sys/un.h>

#include "base/limits/units.hpp"

namespace holdfast::base {

Result<std::string> bus_socket_path(std::string_view address) {
  constexpr std::string_view kUnix = "unix:path=/";
  const bool is_plain = address.starts_with(kUnix) && address.find_first_of(";%") == std::string_view::npos &&
                        address.size() <= limits::kBusAddressLengthMax;
  if (!is_plain)
    return fail(Code::kInvalid,
                "\"" + std::string(address.substr(0, limits::kBusAddressLengthMax)) +
                    "\" is no address of a bus such as \"unix:path=/run/dbus/system_bus_socket\"");
  address.remove_prefix(kUnix.size() - 1);
  std::string path(address.substr(0, address.find(',')));
  if (path.size() >= sizeof(sockaddr_un::sun_path))
    return fail(Code::kLimit, "\"" + path + "\" is too long for the path of a socket");
  return path;
}

}  // namespace holdfast::base
