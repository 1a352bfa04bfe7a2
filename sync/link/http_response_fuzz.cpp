// SPDX-License-Identifier: Apache-2.0
// Fuzzes the HTTP response parser: the first byte is the size of the pieces. What it makes of the whole and
// of the pieces must be the same, and stay within its limits.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "sync/link/http_response.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using holdfast::base::Code;
using holdfast::sync::HttpResponse;
using holdfast::sync::HttpResponseParser;

constexpr std::size_t kBodyMax = 4096;

struct Outcome {
  std::optional<HttpResponse> response;
  std::optional<Code> error;
  bool operator==(const Outcome&) const = default;
};

Outcome parse(std::string_view bytes, std::size_t piece) {
  HttpResponseParser parser(kBodyMax);
  while (!bytes.empty()) {
    const auto done = parser.feed(bytes.substr(0, piece));
    if (!done) return {std::nullopt, done.error().code()};
    if (*done) return {parser.take(), std::nullopt};
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  return {};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = parse(bytes, bytes.size());
  if (whole.response && whole.response->body.size() > kBodyMax) std::abort();
  if (!(whole == parse(bytes, std::size_t{data[0]} + 1))) std::abort();
  return 0;
}
