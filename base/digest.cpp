// SPDX-License-Identifier: Apache-2.0
#include "base/digest.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace holdfast::base {

static_assert(Digest::kSize == crypto_hash_sha256_BYTES);

namespace {

const unsigned char* as_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

Digest Digest::of(std::string_view bytes) {
  std::array<std::uint8_t, kSize> out{};
  crypto_hash_sha256(out.data(), as_bytes(bytes), bytes.size());
  return Digest(out);
}

Result<Digest> Digest::from_hex(std::string_view hex) {
  if (hex.size() != kSize * 2) {
    return fail(Code::kInvalid, "a digest has 64 hex digits, this text has " + std::to_string(hex.size()));
  }
  HF_TRY(const std::string raw, base::from_hex(hex));
  return from_bytes(raw);
}

Result<Digest> Digest::from_bytes(std::string_view raw) {
  if (raw.size() != kSize) {
    return fail(Code::kInvalid, "a digest has 32 bytes, this one has " + std::to_string(raw.size()));
  }
  std::array<std::uint8_t, kSize> out{};
  std::copy_n(as_bytes(raw), kSize, out.begin());
  return Digest(out);
}

std::string Digest::hex() const { return to_hex(view()); }

std::string Digest::brief() const { return to_hex(view().substr(0, 6)); }

struct Hasher::State {
  crypto_hash_sha256_state sha{};
};

Hasher::Hasher() : state_(std::make_unique<State>()) { crypto_hash_sha256_init(&state_->sha); }
Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::update(std::string_view bytes) {
  crypto_hash_sha256_update(&state_->sha, as_bytes(bytes), bytes.size());
}

Digest Hasher::finish() {
  std::array<std::uint8_t, Digest::kSize> out{};
  crypto_hash_sha256_final(&state_->sha, out.data());
  crypto_hash_sha256_init(&state_->sha);  // ready for the next stream
  return Digest(out);
}

std::string to_hex(std::string_view bytes) {
  std::string out(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(out.data(), out.size(), as_bytes(bytes), bytes.size());
  out.pop_back();
  return out;
}

Result<std::string> from_hex(std::string_view hex) {
  std::string out(hex.size() / 2, '\0');
  std::size_t length = 0;
  const char* end = nullptr;
  auto* const to = reinterpret_cast<unsigned char*>(out.data());
  const int failed = sodium_hex2bin(to, out.size(), hex.data(), hex.size(), nullptr, &length, &end);
  // libsodium stops without an error at the first character that is no digit.
  if (failed != 0 || end != hex.data() + hex.size() || length != out.size()) {
    return fail(Code::kInvalid, "not hexadecimal: it must be an even number of digits 0-9 and a-f");
  }
  return out;
}

std::string to_base64(std::string_view bytes) {
  std::string out(sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(out.data(), out.size(), as_bytes(bytes), bytes.size(), sodium_base64_VARIANT_ORIGINAL);
  out.pop_back();
  return out;
}

Result<std::string> from_base64(std::string_view text) {
  std::string out(text.size() / 4 * 3, '\0');
  std::size_t length = 0;
  const char* end = nullptr;
  auto* const to = reinterpret_cast<unsigned char*>(out.data());
  const int failed = sodium_base642bin(to, out.size(), text.data(), text.size(), nullptr, &length, &end,
                                       sodium_base64_VARIANT_ORIGINAL);
  if (failed != 0 || end != text.data() + text.size()) {
    return fail(Code::kInvalid, "not base64: it must be the alphabet of RFC 4648 section 4 with padding");
  }
  out.resize(length);
  return out;
}

}  // namespace holdfast::base
