// SPDX-License-Identifier: Apache-2.0
// Fuzzes what is read of a key that a TPM wrapped: the DER within its PEM. Whatever is taken has a point of the curve.
#include <openssl/pem.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "sync/link/tpm_key.hpp"
#include "sync/link/x509_text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast::sync;
  const Bio bio = memory_bio();
  PEM_write_bio(bio.get(), "TSS2 PRIVATE KEY", "", data, static_cast<long>(size));
  const auto key = read_tpm_key(text_of(bio));
  if (key && EVP_PKEY_get_bits(key->get()) != 256) std::abort();
  return 0;
}
