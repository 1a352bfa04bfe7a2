// SPDX-License-Identifier: Apache-2.0
// What the contexts of both ends have in common.
// Threads: any.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "sync/link/tls.hpp"

namespace holdfast::sync {

/// TLS 1.2 or newer, small buffers, no sessions kept; certificates are checked at `when`.
base::Result<SslContext> new_tls_context(const SSL_METHOD* method, base::WallTime when);
base::Status use_identity(SSL_CTX* context, const TlsIdentity& identity);
base::Status trust_ca(SSL_CTX* context, const Pem& ca);
/// Whom the machine believes. Costs memory: for a program that ends.
base::Status trust_system(SSL_CTX* context);
/// The wire form of ALPN: one byte of length before each name (RFC 7301).
base::Result<std::string> alpn_wire(const std::vector<std::string>& protocols);

}  // namespace holdfast::sync
