// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/tpm/tpm_provider.hpp"

#include <openssl/bio.h>
#include <openssl/decoder.h>
#include <openssl/encoder.h>
#include <openssl/err.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace holdfast::edge_agent {

using base::Code;
using base::Error;
using base::fail;
using base::Result;

namespace {

constexpr const char* kTpmOnly = "provider=tpm2";
constexpr const char* kKernelDevice = "/dev/tpmrm0";
constexpr std::size_t kSignatureBytesMax = 72;  // DER of two numbers of 32 bytes

using Context = base::Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using Bio = base::Handle<BIO, BIO_free_all>;

/// What OpenSSL's queue says, emptied: the words of the TPM, where it has any.
std::string reason() {
  std::string tpm;
  std::string other;
  bool is_library_missing = false;
  const char* data = nullptr;
  int flags = 0;
  while (const auto error = ERR_get_error_all(nullptr, nullptr, nullptr, &data, &flags)) {
    const std::string text = (flags & ERR_TXT_STRING) != 0 && data != nullptr ? data : "";
    is_library_missing = is_library_missing || ERR_GET_LIB(error) == ERR_LIB_DSO;
    // "479 tpm:parameter(1):integrity check failed": a number, and the words for it.
    if (tpm.empty() && ERR_GET_LIB(error) >= ERR_LIB_USER) tpm = text.substr(text.find(' ') + 1);
    if (other.empty()) other = text;
  }
  if (is_library_missing) return "";
  if (!tpm.empty()) return tpm;
  return other.empty() ? "no reason was given" : other;
}

/// tpm2-tss goes on to look for simulators on local ports, where anybody could listen; so it is never left to its default.
std::string where() {
  const char* const said = std::getenv("TPM2OPENSSL_TCTI");
  if (said != nullptr && *said != '\0') return said;
  return ::access(kKernelDevice, F_OK) == 0 ? std::string("device:") + kKernelDevice : "tabrmd:";
}

Error failed(const std::string& what) {
  const auto why = reason();
  // TPM_RC_INTEGRITY: what is wrapped was not wrapped by this TPM's primary key.
  if (why.find("integrity check failed") != std::string::npos) {
    return {Code::kPermission,
            "this key is not of this machine's TPM: the disk is another machine's, or the TPM was cleared; "
            "move it "
            "back, or give this machine a key of its own (holdfast-agent unenroll, then enroll --tpm)"};
  }
  return {Code::kUnavailable, "the TPM " + what + ": " + why};
}

}  // namespace

Result<Tpm> Tpm::open() {
  const auto at = where();
  ::setenv("TPM2OPENSSL_TCTI", at.c_str(), 1);
  Tpm out;
  out.library_.reset(OSSL_LIB_CTX_new());
  out.usual_.reset(OSSL_PROVIDER_load(out.library_.get(), "default"));
  out.tpm_.reset(OSSL_PROVIDER_load(out.library_.get(), "tpm2"));
  if (out.usual_ && out.tpm_) return out;
  const auto why = reason();
  if (why.empty()) {
    return fail(Code::kUnsupported,
                "OpenSSL's provider for a TPM is not installed here: apt-get install tpm2-openssl");
  }
  return fail(
      Code::kUnavailable,
      "no TPM answers at " + at + " (" + why +
          "); needed is /dev/tpmrm0, or tpm2-abrmd that runs, and leave to use it; TPM2OPENSSL_TCTI names "
          "another place");
}

Result<std::string> Tpm::make_key() {
  const Context context(EVP_PKEY_CTX_new_from_name(library_.get(), "EC", kTpmOnly));
  EVP_PKEY* made = nullptr;
  const bool is_made = context && EVP_PKEY_keygen_init(context.get()) == 1 &&
                       EVP_PKEY_CTX_set_group_name(context.get(), "P-256") == 1 &&
                       EVP_PKEY_generate(context.get(), &made) == 1;
  if (!is_made) return fail(failed("made no key"));
  const Key key(made);
  const base::Handle<OSSL_ENCODER_CTX, OSSL_ENCODER_CTX_free> encoder(
      OSSL_ENCODER_CTX_new_for_pkey(key.get(), EVP_PKEY_KEYPAIR, "PEM", nullptr, kTpmOnly));
  const Bio out(BIO_new(BIO_s_mem()));
  if (!encoder || !out || OSSL_ENCODER_to_bio(encoder.get(), out.get()) != 1)
    return fail(failed("did not hand out its key"));
  char* text = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

Result<Tpm::Key> Tpm::load(std::string_view pem) {
  EVP_PKEY* read = nullptr;
  const base::Handle<OSSL_DECODER_CTX, OSSL_DECODER_CTX_free> decoder(
      OSSL_DECODER_CTX_new_for_pkey(&read, "PEM", nullptr, "EC", EVP_PKEY_KEYPAIR, library_.get(), kTpmOnly));
  const auto* bytes = reinterpret_cast<const unsigned char*>(pem.data());
  std::size_t size = pem.size();
  if (!decoder || OSSL_DECODER_from_data(decoder.get(), &bytes, &size) != 1)
    return fail(failed("does not take the key"));
  return Key(read);
}

Result<std::string> Tpm::sign(std::string_view pem, std::string_view digest) {
  HF_TRY(const Key key, load(pem));
  const Context context(EVP_PKEY_CTX_new_from_pkey(library_.get(), key.get(), kTpmOnly));
  std::array<unsigned char, kSignatureBytesMax> signature{};
  std::size_t size = signature.size();
  const bool is_signed =
      context && EVP_PKEY_sign_init(context.get()) == 1 &&
      EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()) == 1 &&
      EVP_PKEY_sign(context.get(), signature.data(), &size,
                    reinterpret_cast<const unsigned char*>(digest.data()), digest.size()) == 1;
  if (!is_signed) return fail(failed("did not sign"));
  return std::string(reinterpret_cast<const char*>(signature.data()), size);
}

}  // namespace holdfast::edge_agent
