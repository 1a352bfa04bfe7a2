// SPDX-License-Identifier: Apache-2.0
// A proxy's answer comes from whoever stands in the way: it is read within limits, and in pieces as in one. The first
// byte says how large the pieces are.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sync/link/proxy.hpp"

namespace {

using holdfast::sync::ConnectAnswer;

enum class Outcome { kMore, kOpen, kRefused };

Outcome judge(std::string_view bytes, std::size_t piece) {
  ConnectAnswer answer;
  while (!bytes.empty()) {
    const auto open = answer.feed(bytes.substr(0, piece));
    if (!open) return Outcome::kRefused;
    if (*open) return Outcome::kOpen;
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  return Outcome::kMore;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = judge(bytes, bytes.size());
  // In pieces the end may come before what must not follow it.
  const Outcome pieces = judge(bytes, std::size_t{data[0]} + 1);
  if (whole == Outcome::kOpen && pieces != Outcome::kOpen) std::abort();
  if (whole == Outcome::kMore && pieces != Outcome::kMore) std::abort();
  return 0;
}
