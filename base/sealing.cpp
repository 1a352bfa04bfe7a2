// SPDX-License-Identifier: Apache-2.0
#include "base/sealing.hpp"

#include <sodium.h>

#include <algorithm>
#include <utility>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/limits/secrets.hpp"

namespace holdfast::base {
namespace {

static_assert(crypto_box_PUBLICKEYBYTES == 32 && crypto_box_SECRETKEYBYTES == 32);
constexpr std::size_t kKeyBytes = 32;

void need_sodium() {
  static const bool ready = sodium_init() >= 0;
  if (!ready) std::abort();
}

const unsigned char* as_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* as_bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

Result<SealingKeyId> SealingKeyId::from_hex(std::string_view hex) {
  HF_TRY(const auto raw, base::from_hex(hex));
  if (raw.size() != sizeof(number)) return fail(Code::kInvalid, "a sealing key's id has 16 hex digits");
  SealingKeyId id;
  for (std::size_t i = 0; i < sizeof(id.number); ++i)
    id.number |= std::uint64_t{static_cast<std::uint8_t>(raw[i])} << (8 * i);
  return id;
}

std::string SealingKeyId::hex() const {
  std::string raw(sizeof(number), '\0');
  for (std::size_t i = 0; i < raw.size(); ++i) raw[i] = static_cast<char>(number >> (8 * i) & 0xffU);
  return to_hex(raw);
}

Result<SealingPublicKey> SealingPublicKey::from_bytes(std::string_view raw) {
  if (raw.size() != kKeyBytes) return fail(Code::kInvalid, "a sealing public key has 32 bytes");
  SealingPublicKey key;
  std::ranges::copy(raw, reinterpret_cast<char*>(key.bytes.data()));
  return key;
}

Result<SealingPublicKey> SealingPublicKey::from_hex(std::string_view hex) {
  const auto raw = base::from_hex(hex);
  if (!raw || raw->size() != kKeyBytes) return fail(Code::kInvalid, "a sealing public key is 64 hex digits");
  return from_bytes(*raw);
}

std::string SealingPublicKey::hex() const { return to_hex(view()); }

SealingKeyId SealingPublicKey::id() const {
  const auto digest = Digest::of(view());
  SealingKeyId id;
  for (std::size_t i = 0; i < sizeof(id.number); ++i)
    id.number |= std::uint64_t{digest.bytes()[i]} << (8 * i);
  return id;
}

void wipe(std::string& text) {
  // All that it may have held, not only what it holds.
  text.resize(text.capacity());
  sodium_memzero(text.data(), text.size());
  text.clear();
}

ClearText& ClearText::operator=(ClearText&& other) noexcept {
  if (this == &other) return *this;
  wipe(text_);
  text_ = std::move(other.text_);
  wipe(other.text_);
  return *this;
}

std::string seal(const SealingPublicKey& key, std::string_view bound_to, std::string_view value) {
  need_sodium();
  std::string plain;
  plain.reserve(bound_to.size() + 1 + value.size());
  plain.append(bound_to).append(1, '\0').append(value);
  std::string sealed(plain.size() + crypto_box_SEALBYTES, '\0');
  const int failed = crypto_box_seal(as_bytes(sealed), as_bytes(plain), plain.size(), key.bytes.data());
  wipe(plain);
  if (failed != 0) sealed.clear();  // no point of the curve: nothing opens it, and nothing is given away
  return sealed;
}

std::size_t sealed_overhead(std::string_view bound_to) { return bound_to.size() + 1 + crypto_box_SEALBYTES; }

SealingKey SealingKey::generate(Random& random) {
  need_sodium();
  std::array<std::uint8_t, kKeyBytes> bytes{};
  random.fill(bytes);
  std::string hex = to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  auto key = from_secret_hex(hex);
  wipe(hex);
  sodium_memzero(bytes.data(), bytes.size());
  return *key;
}

Result<SealingKey> SealingKey::from_secret_hex(std::string_view hex) {
  need_sodium();
  // The message does not repeat the text: it may be most of a secret.
  auto raw = base::from_hex(hex);
  if (!raw || raw->size() != kKeyBytes) return fail(Code::kInvalid, "a sealing key is 64 hex digits");
  SealingKey key;
  std::ranges::copy(*raw, reinterpret_cast<char*>(key.secret_.data()));
  wipe(*raw);
  crypto_scalarmult_base(key.public_.bytes.data(), key.secret_.data());
  return key;
}

SealingKey::~SealingKey() { sodium_memzero(secret_.data(), secret_.size()); }

std::string SealingKey::secret_hex() const {
  return to_hex({reinterpret_cast<const char*>(secret_.data()), secret_.size()});
}

Result<ClearText> SealingKey::open(std::string_view bound_to, std::string_view sealed) const {
  constexpr const char* kNotOurs = "it was not sealed to this key, or was changed since";
  if (sealed.size() < crypto_box_SEALBYTES) return fail(Code::kPermission, kNotOurs);
  std::string plain(sealed.size() - crypto_box_SEALBYTES, '\0');
  const int failed = crypto_box_seal_open(as_bytes(plain), as_bytes(sealed), sealed.size(),
                                          public_.bytes.data(), secret_.data());
  if (failed != 0) return fail(Code::kPermission, kNotOurs);
  const std::string_view whole = plain;
  const bool is_here =
      whole.starts_with(bound_to) && whole.size() > bound_to.size() && whole[bound_to.size()] == '\0';
  auto value = is_here ? Result<ClearText>(ClearText(std::string(whole.substr(bound_to.size() + 1))))
                       : Result<ClearText>(fail(Code::kConflict, "it was sealed for another place"));
  wipe(plain);
  return value;
}

Result<SealingKeys> SealingKeys::parse(std::string_view text) {
  SealingKeys keys;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto space = line.find(' ');
    if (space == std::string_view::npos)
      return fail(Code::kCorrupt, "a line of a sealing key's file is not a key and a time");
    HF_TRY(auto key, SealingKey::from_secret_hex(line.substr(0, space)));
    HF_TRY(const auto seconds, from_decimal(line.substr(space + 1)));
    if (keys.entries_.size() >= limits::kSealingKeysKept)
      return fail(Code::kLimit, "more than " + std::to_string(limits::kSealingKeysKept) + " sealing keys");
    keys.entries_.push_back(
        {std::move(key), WallTime(std::chrono::seconds(static_cast<std::int64_t>(seconds)))});
  }
  return keys;
}

std::string SealingKeys::text() const {
  constexpr std::size_t kLineBytesMax = 2 * crypto_box_SECRETKEYBYTES + 24;
  std::string out;
  out.reserve(entries_.size() * kLineBytesMax);  // what grew would leave copies behind
  for (const auto& [key, made] : entries_) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(made.time_since_epoch()).count();
    std::string hex = key.secret_hex();
    out.append(hex).append(" ");
    wipe(hex);
    out.append(to_decimal(static_cast<std::uint64_t>(std::max<std::int64_t>(0, seconds)))).append("\n");
  }
  return out;
}

const SealingKey* SealingKeys::find(SealingKeyId id) const {
  const auto found =
      std::ranges::find_if(entries_, [id](const Entry& entry) { return entry.key.public_key().id() == id; });
  return found == entries_.end() ? nullptr : &found->key;
}

void SealingKeys::add(SealingKey key, WallTime made) {
  entries_.insert(entries_.begin(), {std::move(key), made});
  if (entries_.size() > limits::kSealingKeysKept) entries_.pop_back();
}

}  // namespace holdfast::base
