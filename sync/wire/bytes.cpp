// SPDX-License-Identifier: Apache-2.0
#include "sync/wire/bytes.hpp"

#include <cassert>
#include <limits>

namespace holdfast::sync {
namespace {

template <class Number>
void append(std::string& out, Number value) {
  for (unsigned shift = 0; shift < 8 * sizeof(Number); shift += 8) {
    out += static_cast<char>(static_cast<unsigned char>(value >> shift & 0xFFU));
  }
}

std::uint64_t number(std::string_view bytes) {
  std::uint64_t value = 0;
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
    value = value << 8U | static_cast<unsigned char>(*byte);
  }
  return value;
}

}  // namespace

ByteWriter& ByteWriter::u8(std::uint8_t value) {
  out_ += static_cast<char>(value);
  return *this;
}

ByteWriter& ByteWriter::u32(std::uint32_t value) {
  append(out_, value);
  return *this;
}

ByteWriter& ByteWriter::u64(std::uint64_t value) {
  append(out_, value);
  return *this;
}

ByteWriter& ByteWriter::zeros(std::size_t count) {
  out_.append(count, '\0');
  return *this;
}

ByteWriter& ByteWriter::raw(std::string_view bytes) {
  out_.append(bytes);
  return *this;
}

ByteWriter& ByteWriter::block(std::string_view bytes) {
  assert(bytes.size() <= std::numeric_limits<std::uint32_t>::max());
  return u32(static_cast<std::uint32_t>(bytes.size())).raw(bytes);
}

ByteWriter& ByteWriter::generation(const Generation& generation) {
  return u64(generation.epoch).u64(generation.sequence);
}

ByteWriter& ByteWriter::digest(const base::Digest& digest) { return raw(digest.view()); }

std::uint8_t ByteReader::u8() { return static_cast<std::uint8_t>(number(raw(1))); }
std::uint32_t ByteReader::u32() { return static_cast<std::uint32_t>(number(raw(4))); }
std::uint64_t ByteReader::u64() { return number(raw(8)); }

std::string_view ByteReader::raw(std::size_t count) {
  if (count > rest_.size()) {
    ok_ = false;
    rest_ = {};
    return {};
  }
  const std::string_view bytes = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return bytes;
}

std::string_view ByteReader::block() {
  const std::uint32_t length = u32();
  return raw(length);
}

Generation ByteReader::generation() {
  const std::uint64_t epoch = u64();
  const std::uint64_t sequence = u64();
  return {epoch, sequence};
}

base::Digest ByteReader::digest() {
  const auto digest = base::Digest::from_bytes(raw(base::Digest::kSize));
  return digest ? *digest : base::Digest{};
}

}  // namespace holdfast::sync
