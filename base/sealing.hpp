// SPDX-License-Identifier: Apache-2.0
// Sealing: X25519 key pairs and what is sealed to them (libsodium's crypto_box_seal). Whoever has the public key
// can seal, only the secret key opens, and the same text sealed twice differs. A file of keys holds several: the newest
// seals, all open.
// Threads: const calls from any thread; libsodium is initialised on first use.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"

namespace holdfast::base {

/// The first 8 bytes of the SHA-256 of a public key, as a little-endian number; 0: none.
struct SealingKeyId {
  std::uint64_t number = 0;
  static Result<SealingKeyId> from_hex(std::string_view hex);
  std::string hex() const;  ///< 16 digits: the bytes in their order
  bool is_none() const { return number == 0; }
  auto operator<=>(const SealingKeyId&) const = default;
};

struct SealingPublicKey {
  std::array<std::uint8_t, 32> bytes{};
  static Result<SealingPublicKey> from_hex(std::string_view hex);
  static Result<SealingPublicKey> from_bytes(std::string_view raw);
  std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
  std::string hex() const;
  SealingKeyId id() const;
  auto operator<=>(const SealingPublicKey&) const = default;
};

/// Overwrites a text that was secret, and empties it.
void wipe(std::string& text);

/// A text in clear: cannot be copied by mistake, and is wiped when it goes away.
class ClearText {
 public:
  ClearText() = default;
  explicit ClearText(std::string text) : text_(std::move(text)) {}
  ClearText(ClearText&& other) noexcept : text_(std::move(other.text_)) { wipe(other.text_); }
  ClearText& operator=(ClearText&& other) noexcept;
  ClearText(const ClearText&) = delete;
  ClearText& operator=(const ClearText&) = delete;
  ~ClearText() { wipe(text_); }
  std::string_view view() const { return text_; }

 private:
  std::string text_;
};

/// `bound_to` says what the value is and where it belongs; it is sealed with it, and compared when it is opened.
std::string seal(const SealingPublicKey& key, std::string_view bound_to, std::string_view value);
/// What seal() adds to a value.
std::size_t sealed_overhead(std::string_view bound_to);

/// A secret key; wiped when it goes away.
class SealingKey {
 public:
  static SealingKey generate(Random& random);
  static Result<SealingKey> from_secret_hex(std::string_view hex);
  SealingKey(const SealingKey&) = default;
  SealingKey& operator=(const SealingKey&) = default;
  ~SealingKey();

  std::string secret_hex() const;
  const SealingPublicKey& public_key() const { return public_; }
  /// kPermission: not sealed to this key, or changed since. kConflict: sealed for another place than `bound_to`.
  Result<ClearText> open(std::string_view bound_to, std::string_view sealed) const;

 private:
  SealingKey() = default;
  std::array<std::uint8_t, 32> secret_{};
  SealingPublicKey public_;
};

/// Keys of one owner, newest first.
class SealingKeys {
 public:
  struct Entry {
    SealingKey key;
    WallTime made{};
  };
  /// A line each: 64 hex digits of the secret key, a space, when it was made in whole seconds since 1970.
  static Result<SealingKeys> parse(std::string_view text);
  std::string text() const;

  bool empty() const { return entries_.empty(); }
  const std::vector<Entry>& all() const { return entries_; }
  /// REQUIRES: !empty().
  const Entry& newest() const { return entries_.front(); }
  const SealingKey* find(SealingKeyId id) const;
  /// A new one in front; the oldest beyond limits::kSealingKeysKept goes.
  void add(SealingKey key, WallTime made);
  /// All but the newest for which `keep` says no; true where any went.
  template <class Keep>
  bool drop_unless(Keep keep) {
    std::vector<Entry> kept;
    for (const auto& entry : entries_) {
      if (kept.empty() || keep(entry)) kept.push_back(entry);
    }
    const bool changed = kept.size() != entries_.size();
    entries_ = std::move(kept);
    return changed;
  }

 private:
  std::vector<Entry> entries_;
};

}  // namespace holdfast::base
