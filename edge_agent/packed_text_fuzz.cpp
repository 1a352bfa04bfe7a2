// SPDX-License-Identifier: Apache-2.0
// Fuzzes the reader of packed text: what it reads must, packed again, give the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "edge_agent/packed_text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast::edge_agent;
  const std::string_view stored(reinterpret_cast<const char*>(data), size);
  const auto text = unpack_text(stored);
  if (!text || text->starts_with("\x28\xb5\x2f\xfd")) return 0;
  const auto again = unpack_text(pack_text(*text));
  if (!again || *again != *text) std::abort();
  return 0;
}
