// SPDX-License-Identifier: Apache-2.0
// TLS contexts for both ends: TLS 1.2 or newer, peers always verified, at a time that the caller gives.
// Files are read when a context is made, so a rotated certificate is in use from the next connection on.
// OpenSSL writes to sockets without MSG_NOSIGNAL: the first context made here sets SIGPIPE to ignored.
// Threads: any.
#pragma once

#include <openssl/ssl.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/handle.hpp"
#include "base/result.hpp"
#include "sync/link/x509.hpp"

namespace holdfast::sync {

using SslContext = base::Handle<SSL_CTX, SSL_CTX_free>;
using SslSession = base::Handle<SSL, SSL_free>;

/// PEM from a file, read anew at every use, or from memory. A file name wins.
struct Pem {
  std::string file;
  std::string text;
  static Pem from_file(std::string name) { return {std::move(name), {}}; }
  static Pem from_text(std::string text) { return {{}, std::move(text)}; }
  bool empty() const { return file.empty() && text.empty(); }
  base::Result<std::string> load() const;
};

struct TlsIdentity {
  Pem certificate;  ///< chain, own certificate first
  Pem key;
  bool empty() const { return certificate.empty(); }
};

enum class ServerCheck {
  kFull,
  kNone,  ///< whoever answers is listened to: for what is signed itself, and needs no secrecy
};

struct TlsClientOptions {
  ServerCheck server_check = ServerCheck::kFull;
  Pem ca;                  ///< who is believed
  base::Digest pinned_ca;  ///< instead of `ca`: the one certificate in the server's chain that is believed
  TlsIdentity identity;    ///< none: no client certificate
  std::vector<std::string> alpn;
  std::string server_name;  ///< DNS name or IP that the server's certificate must hold; also SNI
  base::WallTime when{};    ///< the time at which certificates are checked; zero: the system's clock
  bool system_ca = false;   ///< instead of `ca`: those of the machine's own folder of CAs
};

/// Collects why a peer was not believed, in words. Outlives the sessions of its context.
struct TlsVerdict {
  std::string reason;
  std::optional<Certificate> pinned;  ///< the CA that matched `pinned_ca`
};

/// kInvalid names the file that is no PEM; kNotFound and kPermission the one that cannot be read.
base::Result<SslContext> make_client_context(const TlsClientOptions& options, TlsVerdict& verdict);

struct TlsServerOptions {
  TlsIdentity identity;
  Pem client_ca;                  ///< given: a client certificate of this CA is required
  std::vector<std::string> alpn;  ///< in order of liking; a client that offers none of them is refused
  base::WallTime when{};          ///< zero: the system's clock, at each handshake
};
base::Result<SslContext> make_server_context(const TlsServerOptions& options);

/// A session that will connect.
base::Result<SslSession> make_client_session(SSL_CTX* context);

/// What OpenSSL's error queue says, emptied; `fallback` when it is empty.
std::string take_tls_errors(std::string_view fallback);

}  // namespace holdfast::sync
