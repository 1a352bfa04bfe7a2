// SPDX-License-Identifier: Apache-2.0
// The first bytes of any connection from anywhere: they never crash the hub, and what was once whole stays what it is
// however the connection goes on.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "hub/client_hello.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto hello = holdfast::hub::read_client_hello(bytes);
  if (!hello || !*hello) return 0;
  for (const auto& name : (*hello)->alpn) {
    if (name.empty() || bytes.find(name.front()) == std::string::npos) std::abort();
  }
  if (bytes.size() < 2) std::abort();
  const auto before = holdfast::hub::read_client_hello(bytes.substr(0, bytes.size() - 1));
  if (before && *before && (*before)->alpn != (*hello)->alpn) std::abort();
  return 0;
}
