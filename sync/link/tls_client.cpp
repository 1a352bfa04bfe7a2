// SPDX-License-Identifier: Apache-2.0
// The client's half of sync/link/tls.hpp: whom it believes, by CA or by pin.
#include <openssl/err.h>

#include <chrono>
#include <ctime>
#include <utility>

#include "base/time_text.hpp"
#include "sync/link/openssl_error.hpp"
#include "sync/link/tls_context.hpp"
#include "sync/link/x509_text.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;

namespace {

void expect_name(SSL_CTX* context, const std::string& name) {
  X509_VERIFY_PARAM* const param = SSL_CTX_get0_param(context);
  if (is_ip(name)) {
    X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str());
  } else if (!name.empty()) {
    X509_VERIFY_PARAM_set1_host(param, name.c_str(), 0);
  }
}

/// Lives as long as its context, as a member of the context's extra data.
struct Belief {
  base::Digest pinned;
  std::string server_name;
  TlsVerdict* verdict = nullptr;
};

void free_belief(void*, void* belief, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<Belief*>(belief);
}

int belief_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_belief);
  return index;
}

void set_server_name(SSL* session, const std::string& name) {
  // What SSL_set_tlsext_host_name() is; it holds names only, no addresses (RFC 6066 §3).
  char* const text = name.empty() || is_ip(name) ? nullptr : const_cast<char*>(name.c_str());
  SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, text);
}

// Whoever makes sessions from the context (libmosquitto names the IP address that it connects to), the hello
// names the server that is meant.
void on_info(const SSL* session, int where, int) {
  if ((where & SSL_CB_HANDSHAKE_START) == 0) return;
  const auto* const belief =
      static_cast<const Belief*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(session), belief_index()));
  set_server_name(const_cast<SSL*>(session), belief->server_name);
}

std::string describe(X509_STORE_CTX* check) {
  const int why = X509_STORE_CTX_get_error(check);
  std::string out = X509_verify_cert_error_string(why);
  if (X509* const at = X509_STORE_CTX_get_current_cert(check)) {
    out.append(" (certificate of ").append(Certificate::share(at).common_name()).append(")");
  }
  const std::time_t now = X509_VERIFY_PARAM_get_time(X509_STORE_CTX_get0_param(check));
  const bool is_by_time = why == X509_V_ERR_CERT_HAS_EXPIRED || why == X509_V_ERR_CERT_NOT_YET_VALID;
  if (is_by_time && now != 0)
    out += "; for this machine it is " + base::to_rfc3339_seconds(base::WallTime(std::chrono::seconds(now))) +
           ": is its clock right?";
  return out;
}

/// The certificate with the pinned digest, out of those that the server sent.
std::optional<Certificate> find_pinned(X509_STORE_CTX* check, const base::Digest& pinned) {
  STACK_OF(X509)* const sent = X509_STORE_CTX_get0_untrusted(check);
  for (int i = 0; i < sk_X509_num(sent); ++i) {
    Certificate one = Certificate::share(sk_X509_value(sent, i));
    if (one.digest() == pinned && one.is_ca()) return one;
  }
  return std::nullopt;
}

// Replaces the check of a handshake: the usual one, after what the pin names became the only root.
int check_server(X509_STORE_CTX* check, void* argument) {
  const auto& belief = *static_cast<const Belief*>(argument);
  base::Handle<STACK_OF(X509), [](STACK_OF(X509) * all) { sk_X509_free(all); }> roots;
  if (!belief.pinned.is_none()) {
    belief.verdict->pinned = find_pinned(check, belief.pinned);
    if (!belief.verdict->pinned) {
      belief.verdict->reason =
          "the server did not present the CA " + belief.pinned.brief() + "… that was pinned";
      X509_STORE_CTX_set_error(check, X509_V_ERR_CERT_UNTRUSTED);
      return 0;
    }
    roots.reset(sk_X509_new_null());
    sk_X509_push(roots.get(), belief.verdict->pinned->get());
    X509_STORE_CTX_set0_trusted_stack(check, roots.get());
  }
  if (X509_verify_cert(check) == 1) return 1;
  belief.verdict->reason = describe(check);
  belief.verdict->pinned.reset();
  return 0;
}

int believe_anybody(X509_STORE_CTX*, void*) { return 1; }

}  // namespace

base::Result<SslContext> make_client_context(const TlsClientOptions& options, TlsVerdict& verdict) {
  HF_TRY(SslContext context, new_tls_context(TLS_client_method(), options.when));
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  auto* const belief = new Belief{options.pinned_ca, options.server_name, &verdict};
  SSL_CTX_set_ex_data(context.get(), belief_index(), belief);
  SSL_CTX_set_cert_verify_callback(context.get(), check_server, belief);
  SSL_CTX_set_info_callback(context.get(), on_info);
  const bool is_checked = options.server_check == ServerCheck::kFull;
  if (is_checked && options.system_ca) {
    HF_CHECK(trust_system(context.get()));
  } else if (is_checked && options.pinned_ca.is_none()) {
    HF_CHECK(trust_ca(context.get(), options.ca));
  }
  if (!is_checked) SSL_CTX_set_cert_verify_callback(context.get(), believe_anybody, nullptr);
  if (!options.identity.empty()) HF_CHECK(use_identity(context.get(), options.identity));
  expect_name(context.get(), options.server_name);
  HF_TRY(const std::string wire, alpn_wire(options.alpn));
  if (!wire.empty()) {
    SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(wire.data()),
                            static_cast<unsigned>(wire.size()));
  }
  return context;
}

base::Result<SslSession> make_client_session(SSL_CTX* context) {
  SslSession session(SSL_new(context));
  if (!session) return fail(openssl_error(Code::kInternal, "TLS session"));
  SSL_set_connect_state(session.get());
  return session;
}

}  // namespace holdfast::sync
