// SPDX-License-Identifier: Apache-2.0
// Little-endian numbers and length-prefixed blocks: the alphabet of the binary messages. A reader never reads
// beyond its bytes and keeps only that it failed; ok() is asked once, at the end.
// Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/digest.hpp"
#include "sync/model/ids.hpp"

namespace holdfast::sync {

class ByteWriter {
 public:
  ByteWriter& u8(std::uint8_t value);
  ByteWriter& u32(std::uint32_t value);
  ByteWriter& u64(std::uint64_t value);
  ByteWriter& zeros(std::size_t count);
  ByteWriter& raw(std::string_view bytes);
  /// u32 length, then the bytes. REQUIRES: shorter than 4 GiB.
  ByteWriter& block(std::string_view bytes);
  ByteWriter& generation(const Generation& generation);
  ByteWriter& digest(const base::Digest& digest);
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}
  std::uint8_t u8();
  std::uint32_t u32();
  std::uint64_t u64();
  std::string_view raw(std::size_t count);
  std::string_view block();
  Generation generation();
  base::Digest digest();
  bool ok() const { return ok_; }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace holdfast::sync
