// SPDX-License-Identifier: Apache-2.0
// Digest: SHA-256, 32 bytes, shown as 64 lower-case hex digits. Hashing is by libsodium.
// Threads: plain values.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::base {

class Digest {
 public:
  static constexpr std::size_t kSize = 32;
  Digest() = default;  ///< all zero: "none"
  explicit Digest(const std::array<std::uint8_t, kSize>& bytes) : bytes_(bytes) {}

  static Digest of(std::string_view bytes);
  static Result<Digest> from_hex(std::string_view hex);
  /// REQUIRES: raw.size() == kSize, else an error.
  static Result<Digest> from_bytes(std::string_view raw);

  const std::array<std::uint8_t, kSize>& bytes() const { return bytes_; }
  std::string_view view() const { return {reinterpret_cast<const char*>(bytes_.data()), kSize}; }
  std::string hex() const;
  /// The first 12 hex digits, for people.
  std::string brief() const;
  bool is_none() const { return *this == Digest{}; }
  auto operator<=>(const Digest&) const = default;

 private:
  std::array<std::uint8_t, kSize> bytes_{};
};

/// Digest of a stream, in pieces.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  void update(std::string_view bytes);
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string to_hex(std::string_view bytes);
Result<std::string> from_hex(std::string_view hex);
std::string to_base64(std::string_view bytes);  ///< RFC 4648 §4, padded
Result<std::string> from_base64(std::string_view text);

}  // namespace holdfast::base
