// SPDX-License-Identifier: Apache-2.0
// Where this hub and its broker listen: the one way to find out that a port is to be had.
// Threads: any; it blocks while a name is looked up.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/handle.hpp"
#include "base/result.hpp"
#include "sync/link/stream_socket.hpp"

namespace holdfast::hub {

/// The first address of a name, or of an address in text.
base::Result<sync::SocketAddress> resolve(const std::string& host, std::uint16_t port);
/// kConflict: nothing can listen there now; the message names `option`, by which a person chooses another.
base::Result<base::Fd> listen_at(const std::string& host, std::uint16_t port, std::string_view option);

}  // namespace holdfast::hub
