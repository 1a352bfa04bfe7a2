// SPDX-License-Identifier: Apache-2.0
// ClientHello: the first that a TLS client says, of which the hub's port reads no more than the protocols that it
// offers (ALPN, RFC 7301). Layout: RFC 8446 §4.1.2 and §5.1; extensions and values that nobody knows are let pass, as
// RFC 8701 wants it, lengths that lie are not.
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace holdfast::hub {

struct ClientHello {
  std::vector<std::string> alpn;
  bool offers(std::string_view protocol) const;
};

/// Of the bytes from the beginning of a connection. Nothing: more are needed. kCorrupt: no ClientHello; kLimit: one
/// over limits::kClientHelloBytesMax.
base::Result<std::optional<ClientHello>> read_client_hello(std::string_view bytes);

}  // namespace holdfast::hub
