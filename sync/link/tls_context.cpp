// SPDX-License-Identifier: Apache-2.0
#include "sync/link/tls_context.hpp"

#include <fcntl.h>
#include <openssl/err.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <mutex>

#include "base/limits/https.hpp"
#include "sync/link/openssl_error.hpp"
#include "sync/link/x509_text.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;
using base::Status;

namespace {

void ignore_broken_pipes() {
  static std::once_flag once;
  std::call_once(once, [] { std::signal(SIGPIPE, SIG_IGN); });
}

base::Result<std::string> read_pem(const std::string& name) {
  const base::Fd fd(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail(base::Error::from_errno(errno, name));
  std::string out;
  std::array<char, 4096> buffer{};
  for (;;) {
    const auto got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(base::Error::from_errno(errno, name));
    if (got == 0) return out;
    out.append(buffer.data(), static_cast<std::size_t>(got));
    if (out.size() > base::limits::kPemBytesMax)
      return fail(Code::kLimit, name + " is too long to be a PEM file");
  }
}

std::string where(const Pem& pem, std::string_view what) {
  return pem.file.empty() ? std::string(what) : pem.file;
}

}  // namespace

base::Result<std::string> Pem::load() const {
  if (!file.empty()) return read_pem(file);
  return text;
}

Status use_identity(SSL_CTX* context, const TlsIdentity& identity) {
  HF_TRY(const std::string chain_text, identity.certificate.load());
  auto chain = Certificate::bundle_from_pem(chain_text);
  if (!chain) return fail(std::move(chain).error().with_context(where(identity.certificate, "certificate")));
  HF_TRY(const std::string key_text, identity.key.load());
  auto key = PrivateKey::from_pem(key_text);
  if (!key) return fail(std::move(key).error().with_context(where(identity.key, "private key")));
  if (!chain->front().matches(*key)) {
    return fail(Code::kInvalid, where(identity.key, "private key") + " does not belong to " +
                                    where(identity.certificate, "the certificate"));
  }
  bool used = SSL_CTX_use_certificate(context, chain->front().get()) == 1 &&
              SSL_CTX_use_PrivateKey(context, key->get()) == 1;
  for (std::size_t i = 1; i < chain->size(); ++i)
    used = used && SSL_CTX_add1_chain_cert(context, (*chain)[i].get()) == 1;
  if (!used) return fail(openssl_error(Code::kInvalid, where(identity.certificate, "certificate")));
  return {};
}

Status trust_ca(SSL_CTX* context, const Pem& ca) {
  if (ca.empty()) return fail(Code::kInvalid, "no CA is configured: nobody could be believed");
  HF_TRY(const std::string text, ca.load());
  auto roots = Certificate::bundle_from_pem(text);
  if (!roots) return fail(std::move(roots).error().with_context(where(ca, "CA")));
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  for (const auto& root : *roots) {
    if (X509_STORE_add_cert(store, root.get()) != 1)
      return fail(openssl_error(Code::kInvalid, where(ca, "CA")));
  }
  return {};
}

// The folder is read name by name, when a server needs it; a bundle, of systems that have no such folder, at once.
Status trust_system(SSL_CTX* context) {
  constexpr const char* kFolder = "/etc/ssl/certs";
  constexpr std::array<const char*, 2> kBundles{"/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"};
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  const bool is_folder = ::access(kFolder, R_OK | X_OK) == 0 && X509_STORE_load_path(store, kFolder) == 1;
  bool is_bundle = false;
  for (const char* bundle : kBundles)
    is_bundle = is_bundle || (::access(bundle, R_OK) == 0 && X509_STORE_load_file(store, bundle) == 1);
  ERR_clear_error();
  if (is_folder || is_bundle) return {};
  return fail(Code::kNotFound, std::string("no CAs in ") + kFolder + ": install the package ca-certificates");
}

base::Result<SslContext> new_tls_context(const SSL_METHOD* method, base::WallTime when) {
  ignore_broken_pipes();
  ERR_clear_error();
  SslContext context(SSL_CTX_new(method));
  if (!context) return fail(openssl_error(Code::kInternal, "TLS context"));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY |
                                      SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (when != base::WallTime{})
    X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(context.get()), seconds_of(when));
  return context;
}

// One byte of length before each name (RFC 7301).
base::Result<std::string> alpn_wire(const std::vector<std::string>& protocols) {
  std::string out;
  for (const auto& one : protocols) {
    if (one.empty() || one.size() > 255)
      return fail(Code::kInvalid, "an ALPN protocol name has 1 to 255 bytes");
    out.push_back(static_cast<char>(one.size()));
    out.append(one);
  }
  return out;
}

std::string take_tls_errors(std::string_view fallback) {
  std::string out(fallback);
  while (const auto error = ERR_get_error()) {
    const char* const reason = ERR_reason_error_string(error);
    if (reason != nullptr) out = reason;
  }
  return out;
}

}  // namespace holdfast::sync
