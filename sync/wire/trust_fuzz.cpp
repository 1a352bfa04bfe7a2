// SPDX-License-Identifier: Apache-2.0
// Fuzzes the trust document: its envelope, and the document as one that the recovery key signed.
#include <string>

#include "sync/model/fuzz_input.hpp"
#include "sync/wire/trust.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast::sync;
  const auto input = fuzz_input(data, size);
  static const auto key = *holdfast::base::SigningKey::from_seed_hex(std::string(64, '7'));
  if (const auto envelope = decode_trust(input)) must_hold(decode_trust(encode_trust(*envelope)).has_value());
  const SignedTrust trust{std::string(input), key.sign("holdfast/trust/1", input)};
  if (const auto document = verify_trust(trust, key.public_key())) {
    must_hold(verify_trust(sign_trust(*document, key), key.public_key()) == document);
  }
  return 0;
}
