// SPDX-License-Identifier: Apache-2.0
// The server's half of sync/link/tls.hpp: certificates asked of clients, and the choice of a protocol.
#include <openssl/err.h>

#include <climits>
#include <memory>
#include <utility>

#include "sync/link/openssl_error.hpp"
#include "sync/link/tls_context.hpp"

namespace holdfast::sync {

namespace {

void free_protocols(void*, void* wire, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<std::string*>(wire);
}

int protocols_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_protocols);
  return index;
}

const unsigned char* as_bytes(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

int choose(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* offered,
           unsigned length, void* argument) {
  const auto& ours = *static_cast<const std::string*>(argument);
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(&chosen, out_length, as_bytes(ours),
                                          static_cast<unsigned>(ours.size()), offered, length);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

base::Result<SslContext> make_server_context(const TlsServerOptions& options) {
  HF_TRY(SslContext context, new_tls_context(TLS_server_method(), options.when));
  SSL_CTX_set_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_TICKET);
  HF_CHECK(use_identity(context.get(), options.identity));
  if (!options.client_ca.empty()) {
    HF_CHECK(trust_ca(context.get(), options.client_ca));
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  HF_TRY(std::string wire, alpn_wire(options.alpn));
  if (wire.empty()) return context;
  auto* const kept = new std::string(std::move(wire));
  SSL_CTX_set_ex_data(context.get(), protocols_index(), kept);
  SSL_CTX_set_alpn_select_cb(context.get(), choose, kept);
  return context;
}

}  // namespace holdfast::sync
