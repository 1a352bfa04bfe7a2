// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/packed_text.hpp"

#include <zstd.h>

#include "base/limits/wire.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;

namespace {

constexpr std::size_t kPackedFrom = 256;  // below it a page of the store is written either way
constexpr int kLevel = 1;
constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";

}  // namespace

std::string pack_text(std::string_view text) {
  if (text.size() < kPackedFrom) return std::string(text);
  std::string out(ZSTD_compressBound(text.size()), '\0');
  const std::size_t size = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), kLevel);
  if (ZSTD_isError(size) != 0 || size >= text.size()) return std::string(text);
  out.resize(size);
  return out;
}

base::Result<std::string> unpack_text(std::string_view stored) {
  if (!stored.starts_with(kZstdMagic)) return std::string(stored);
  const auto size = ZSTD_getFrameContentSize(stored.data(), stored.size());
  // Both of zstd's own answers for "not told" are larger than any limit.
  if (size > base::limits::kFrameBytesMax)
    return fail(Code::kCorrupt, "a packed text does not tell a length that is allowed");
  std::string out(size, '\0');
  const std::size_t got = ZSTD_decompress(out.data(), out.size(), stored.data(), stored.size());
  if (ZSTD_isError(got) != 0 || got != out.size()) return fail(Code::kCorrupt, "a packed text is damaged");
  return out;
}

}  // namespace holdfast::edge_agent
