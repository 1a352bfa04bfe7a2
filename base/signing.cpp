// SPDX-License-Identifier: Apache-2.0
#include "base/signing.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>

#include "base/digest.hpp"

namespace holdfast::base {

static_assert(sizeof(PublicKey::bytes) == crypto_sign_PUBLICKEYBYTES);
static_assert(sizeof(Signature::bytes) == crypto_sign_BYTES);
static_assert(sizeof(MacKey) == crypto_generichash_KEYBYTES);
static_assert(sizeof(Mac) == crypto_generichash_BYTES_MIN);

namespace {

constexpr std::size_t kSeedSize = crypto_sign_SEEDBYTES;

/// Picks the fastest code for this processor; signatures are right without it, only slower.
void ensure_sodium() {
  static const bool ready = sodium_init() >= 0;
  if (!ready) std::abort();  // no source of randomness: nothing made after this could be trusted
}

const unsigned char* as_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// The zero byte ends the domain, so that no domain can be the beginning of another one's message.
std::string with_domain(std::string_view domain, std::string_view message) {
  if (domain.find('\0') != std::string_view::npos) std::abort();  // domains are literals of ours
  std::string all;
  all.reserve(domain.size() + 1 + message.size());
  all.append(domain).append(1, '\0').append(message);
  return all;
}

}  // namespace

Result<PublicKey> PublicKey::from_hex(std::string_view hex) {
  PublicKey key;
  if (hex.size() != key.bytes.size() * 2) {
    return fail(Code::kInvalid,
                "a public key has 64 hex digits, this text has " + std::to_string(hex.size()));
  }
  HF_TRY(const std::string raw, base::from_hex(hex));
  std::copy_n(as_bytes(raw), key.bytes.size(), key.bytes.begin());
  return key;
}

std::string PublicKey::hex() const {
  return to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Result<Signature> Signature::from_bytes(std::string_view raw) {
  Signature signature;
  if (raw.size() != signature.bytes.size()) {
    return fail(Code::kInvalid, "a signature has 64 bytes, this one has " + std::to_string(raw.size()));
  }
  std::copy_n(as_bytes(raw), raw.size(), signature.bytes.begin());
  return signature;
}

SigningKey SigningKey::generate(Random& random) {
  ensure_sodium();
  std::array<std::uint8_t, kSeedSize> seed{};
  random.fill(seed);
  SigningKey key;
  PublicKey ignored;
  crypto_sign_seed_keypair(ignored.bytes.data(), key.secret_.data(), seed.data());
  sodium_memzero(seed.data(), seed.size());
  return key;
}

Result<SigningKey> SigningKey::from_seed_hex(std::string_view seed) {
  ensure_sodium();
  // Neither message repeats the text: it may be most of a secret.
  if (seed.size() != kSeedSize * 2)
    return fail(Code::kInvalid, "a signing key has 64 hex digits, this text has not");
  auto raw = base::from_hex(seed);
  if (!raw) return fail(Code::kInvalid, "a signing key has 64 hex digits, this text has not");
  SigningKey key;
  PublicKey ignored;
  crypto_sign_seed_keypair(ignored.bytes.data(), key.secret_.data(), as_bytes(*raw));
  sodium_memzero(raw->data(), raw->size());
  return key;
}

SigningKey::~SigningKey() { sodium_memzero(secret_.data(), secret_.size()); }

// libsodium's secret key is the seed followed by the public key (RFC 8032).
std::string SigningKey::seed_hex() const {
  return to_hex({reinterpret_cast<const char*>(secret_.data()), kSeedSize});
}

PublicKey SigningKey::public_key() const {
  PublicKey key;
  std::copy_n(secret_.begin() + kSeedSize, key.bytes.size(), key.bytes.begin());
  return key;
}

Signature SigningKey::sign(std::string_view domain, std::string_view message) const {
  const std::string all = with_domain(domain, message);
  Signature signature;
  crypto_sign_detached(signature.bytes.data(), nullptr, as_bytes(all), all.size(), secret_.data());
  return signature;
}

bool verify(const PublicKey& key, std::string_view domain, std::string_view message,
            const Signature& signature) {
  ensure_sodium();
  const std::string all = with_domain(domain, message);
  return crypto_sign_verify_detached(signature.bytes.data(), as_bytes(all), all.size(), key.bytes.data()) ==
         0;
}

MacKey make_mac_key(Random& random) {
  MacKey key{};
  random.fill(key);
  return key;
}

Mac mac(const MacKey& key, std::string_view message) {
  ensure_sodium();
  Mac out{};
  crypto_generichash(out.data(), out.size(), as_bytes(message), message.size(), key.data(), key.size());
  return out;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace holdfast::base
