// SPDX-License-Identifier: Apache-2.0
#include "sync/link/possession.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/digest.hpp"
#include "base/handle.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;

namespace {

using Context = base::Handle<EVP_MD_CTX, EVP_MD_CTX_free>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string message_of(const Certificate& certificate, std::string_view purpose, std::string_view asked) {
  std::string out(purpose);
  out += '\0';
  out += certificate.digest().view();
  out += base::Digest::of(asked).view();
  return out;
}

}  // namespace

base::Result<std::string> prove_possession(const PrivateKey& key, const Certificate& certificate,
                                           std::string_view purpose, std::string_view asked) {
  if (!certificate.matches(key)) return fail(Code::kInvalid, "the key is not that of the certificate");
  const auto message = message_of(certificate, purpose, asked);
  const Context context(EVP_MD_CTX_new());
  std::size_t size = 0;
  const bool begun = context &&
                     EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
                     EVP_DigestSign(context.get(), nullptr, &size, bytes_of(message), message.size()) == 1;
  std::string out(begun ? size : 0, '\0');
  const bool made = begun && EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()),
                                            &size, bytes_of(message), message.size()) == 1;
  if (!made) return fail(key.error("proof of possession"));
  out.resize(size);
  return out;
}

base::Status check_possession(const Certificate& certificate, std::string_view purpose,
                              std::string_view asked, std::string_view signature) {
  const auto message = message_of(certificate, purpose, asked);
  const Context context(EVP_MD_CTX_new());
  EVP_PKEY* const key = X509_get0_pubkey(certificate.get());
  const bool holds = context && key != nullptr &&
                     EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
                     EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message),
                                      message.size()) == 1;
  ERR_clear_error();
  if (holds) return {};
  return fail(Code::kPermission, "the signature is not that of the certificate's key");
}

}  // namespace holdfast::sync
