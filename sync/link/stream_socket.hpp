// SPDX-License-Identifier: Apache-2.0
// Stream sockets that do not block: to connect, to listen, to say where their ends are.
// Threads: any.
#pragma once

#include <cstdint>

#include "base/handle.hpp"
#include "base/result.hpp"
#include "sync/link/resolver.hpp"

namespace holdfast::sync {

/// Under way; it is writable when it is done, and connect_result() tells how it ended.
base::Result<base::Fd> begin_connect(const SocketAddress& address);
/// kUnavailable names the address.
base::Status connect_result(int fd, const SocketAddress& address);

/// An address in figures.
base::Result<SocketAddress> address_of(const std::string& ip, std::uint16_t port);
/// kConflict: the port is taken. Port 0: any free one.
base::Result<base::Fd> listen_on(const SocketAddress& address);
/// Nothing waiting is no error, but no descriptor.
base::Result<base::Fd> accept_from(int listener, SocketAddress& peer);
std::uint16_t local_port(int fd);
std::uint16_t port_of(const SocketAddress& address);

}  // namespace holdfast::sync
