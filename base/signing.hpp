// SPDX-License-Identifier: Apache-2.0
// Ed25519 signatures and keyed MACs (libsodium). Every signature covers a domain string first, so bytes
// signed for one purpose are never valid for another.
// Threads: const calls from any thread; libsodium is initialised on first use.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "base/result.hpp"

namespace holdfast::base {

struct PublicKey {
  std::array<std::uint8_t, 32> bytes{};
  static Result<PublicKey> from_hex(std::string_view hex);
  std::string hex() const;
  auto operator<=>(const PublicKey&) const = default;
};

struct Signature {
  std::array<std::uint8_t, 64> bytes{};
  static Result<Signature> from_bytes(std::string_view raw);
  std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
  bool operator==(const Signature&) const = default;
};

/// A secret signing key; wiped when it goes away.
class SigningKey {
 public:
  static SigningKey generate(Random& random);
  /// `seed`: 32 bytes as hex, the form kept on disk.
  static Result<SigningKey> from_seed_hex(std::string_view seed);
  SigningKey(const SigningKey&) = default;
  SigningKey& operator=(const SigningKey&) = default;
  ~SigningKey();

  std::string seed_hex() const;
  PublicKey public_key() const;
  /// `domain` is a fixed string such as "holdfast/desired-state/1".
  Signature sign(std::string_view domain, std::string_view message) const;

 private:
  SigningKey() = default;
  std::array<std::uint8_t, 64> secret_{};
};

/// Constant time. False for a wrong key, domain or message.
bool verify(const PublicKey& key, std::string_view domain, std::string_view message,
            const Signature& signature);

/// Secret for ownership marks (crypto_generichash keyed BLAKE2b, 32-byte key, 16-byte tag).
using MacKey = std::array<std::uint8_t, 32>;
using Mac = std::array<std::uint8_t, 16>;
MacKey make_mac_key(Random& random);
Mac mac(const MacKey& key, std::string_view message);
/// Constant-time comparison of any two byte strings of equal length; false where lengths differ.
bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace holdfast::base
