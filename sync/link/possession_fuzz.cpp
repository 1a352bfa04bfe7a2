// SPDX-License-Identifier: Apache-2.0
// Fuzzes what a hub reads of a machine that it does not know yet: a certificate, a certificate request and a signature, all three from
// outside. The first byte is the length of the signature. No proof may hold for both purposes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sync/link/possession.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast::sync;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto signature = bytes.substr(0, std::min<std::size_t>(data[0], bytes.size()));
  const auto pem = bytes.substr(signature.size());
  if (const auto request = CertificateRequest::from_pem(pem)) static_cast<void>(request->common_name());
  const auto certificate = Certificate::from_pem(pem);
  if (!certificate) return 0;
  static_cast<void>(certificate->common_name());
  static_cast<void>(certificate->not_after());
  static_cast<void>(certificate->serial_hex());
  const bool renews = check_possession(*certificate, kRenewPurpose, "request", signature).has_value();
  const bool leaves = check_possession(*certificate, kLeavePurpose, "request", signature).has_value();
  if (renews && leaves) std::abort();
  return 0;
}
