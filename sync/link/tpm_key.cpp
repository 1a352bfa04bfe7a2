// SPDX-License-Identifier: Apache-2.0
// A key whose signatures are made elsewhere: in OpenSSL 3 the plain way is EC_KEY_METHOD, which it calls deprecated in favour of
// a provider of one's own. That would be many times as much code for the same call.
#define OPENSSL_SUPPRESS_DEPRECATED  // NOLINT: read by OpenSSL's headers

#include "sync/link/tpm_key.hpp"

#include <openssl/asn1t.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "sync/link/openssl_error.hpp"
#include "sync/link/tpm_child.hpp"
#include "sync/link/x509_text.hpp"

namespace holdfast::sync {

using base::Code;
using base::Error;
using base::fail;
using base::Result;

namespace {

constexpr std::string_view kLabel = "TSS2 PRIVATE KEY";
constexpr std::string_view kLoadable = "2.23.133.10.1.3";  // id-loadablekey

using EcKey = base::Handle<EC_KEY, EC_KEY_free>;
using Number = base::Handle<BIGNUM, BN_free>;

// ---- the file ----

/// TCG's numbers: big-endian; what is read past the end is 0 and remembered.
class TpmBytes {
 public:
  explicit TpmBytes(std::string_view bytes) : left_(bytes) {}

  std::uint32_t number(std::size_t bytes) {
    std::uint32_t out = 0;
    for (const char c : take(bytes)) out = out << 8U | static_cast<unsigned char>(c);
    return out;
  }
  /// After its size in 16 bits.
  std::string_view sized() { return take(number(2)); }
  bool is_whole() const { return !is_short_ && left_.empty(); }

 private:
  std::string_view take(std::size_t bytes) {
    if (bytes > left_.size()) is_short_ = true;
    const auto out = left_.substr(0, is_short_ ? 0 : bytes);
    left_.remove_prefix(out.size());
    return out;
  }
  std::string_view left_;
  bool is_short_ = false;
};

struct Point {
  std::string_view x;
  std::string_view y;
};

/// TPM2B_PUBLIC (TPM 2.0 Library, part 2, §12.2.5) of an ECC key on P-256 that signs.
Result<Point> point_of(std::string_view tpm2b_public) {
  constexpr std::uint32_t kEcc = 0x0023;
  constexpr std::uint32_t kNone = 0x0010;
  constexpr std::uint32_t kP256 = 0x0003;
  constexpr std::size_t kCoordinateBytes = 32;
  TpmBytes outer(tpm2b_public);
  TpmBytes in(outer.sized());
  const auto bad = fail(Code::kInvalid, "not the public half of a TPM's key");
  if (!outer.is_whole()) return bad;
  const auto type = in.number(2);
  in.number(2);  // algorithm of the name
  in.number(4);  // attributes
  in.sized();    // policy
  const auto symmetric = in.number(2);
  const auto scheme = in.number(2);
  if (scheme != kNone) in.number(2);  // its hash
  const auto curve = in.number(2);
  if (type != kEcc || symmetric != kNone || curve != kP256)
    return fail(Code::kUnsupported, "only ECDSA keys on P-256 are used");
  in.number(2);  // key derivation
  const Point point{in.sized(), in.sized()};
  const bool fits = point.x.size() <= kCoordinateBytes && point.y.size() <= kCoordinateBytes;
  if (!in.is_whole() || !fits) return bad;
  return point;
}

/// TSSLOADABLE (draft-woodhouse-cert-best-practice, TPM 2.0 Key File Format): the first octet string is the public half.
Result<std::string> public_half(std::string_view der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  const base::Handle<STACK_OF(ASN1_TYPE),
                     [](STACK_OF(ASN1_TYPE) * all) { sk_ASN1_TYPE_pop_free(all, ASN1_TYPE_free); }>
      all(d2i_ASN1_SEQUENCE_ANY(nullptr, &bytes, static_cast<long>(der.size())));
  const auto bad = fail(Code::kInvalid, "not a TPM's key that can be loaded");
  const ASN1_TYPE* const first =
      all && sk_ASN1_TYPE_num(all.get()) > 0 ? sk_ASN1_TYPE_value(all.get(), 0) : nullptr;
  std::array<char, 64> name{};
  if (first == nullptr || first->type != V_ASN1_OBJECT ||
      OBJ_obj2txt(name.data(), name.size(), first->value.object, 1) <= 0 || kLoadable != name.data())
    return bad;
  for (int i = 1; i < sk_ASN1_TYPE_num(all.get()); ++i) {
    const ASN1_TYPE* const one = sk_ASN1_TYPE_value(all.get(), i);
    if (one->type != V_ASN1_OCTET_STRING) continue;
    const auto* const text = one->value.octet_string;
    return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                       static_cast<std::size_t>(ASN1_STRING_length(text)));
  }
  return bad;
}

Result<std::string> der_of(std::string_view pem) {
  const Bio bio = bio_of(pem);
  char* label = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  if (PEM_read_bio(bio.get(), &label, &header, &data, &size) != 1)
    return fail(openssl_error(Code::kInvalid, "not a TPM's key in PEM"));
  const bool is_ours = kLabel == label;
  std::string der(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  OPENSSL_free(label);
  OPENSSL_free(header);
  OPENSSL_free(data);
  if (!is_ours) return fail(Code::kInvalid, "not a TPM's key in PEM");
  return der;
}

// ---- the key ----

/// What an EC_KEY of ours carries with it.
struct InTpm {
  std::string pem;
  std::optional<Error> trouble;
};

void free_in_tpm(void*, void* kept, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<InTpm*>(kept); }

int in_tpm_index() {
  static const int index = EC_KEY_get_ex_new_index(0, nullptr, nullptr, nullptr, free_in_tpm);
  return index;
}

int sign(int, const unsigned char* digest, int digest_size, unsigned char* signature, unsigned* size,
         const BIGNUM*, const BIGNUM*, EC_KEY* key) {
  auto* const kept = static_cast<InTpm*>(EC_KEY_get_ex_data(key, in_tpm_index()));
  const auto made =
      sign_in_tpm(kept->pem, {reinterpret_cast<const char*>(digest), static_cast<std::size_t>(digest_size)});
  kept->trouble.reset();
  if (!made) kept->trouble = made.error();
  if (!made || made->size() > static_cast<std::size_t>(ECDSA_size(key))) return 0;
  *size = static_cast<unsigned>(made->copy(reinterpret_cast<char*>(signature), made->size()));
  return 1;
}

const EC_KEY_METHOD* signs_in_tpm() {
  static EC_KEY_METHOD* const method = [] {
    EC_KEY_METHOD* const out = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
    EC_KEY_METHOD_set_sign(out, sign, nullptr, nullptr);
    return out;
  }();
  return method;
}

Number number_of(std::string_view bytes) {
  return Number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                          static_cast<int>(bytes.size()), nullptr));
}

}  // namespace

bool is_tpm_key(std::string_view pem) {
  return pem.find("-----BEGIN " + std::string(kLabel) + "-----") != std::string_view::npos;
}

Result<EvpKey> read_tpm_key(std::string_view pem) {
  HF_TRY(const std::string der, der_of(pem));
  HF_TRY(const std::string half, public_half(der));
  HF_TRY(const Point point, point_of(half));
  EcKey key(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  const bool is_point = key && EC_KEY_set_public_key_affine_coordinates(key.get(), number_of(point.x).get(),
                                                                        number_of(point.y).get()) == 1;
  if (!is_point) return fail(openssl_error(Code::kInvalid, "the public half of a TPM's key"));
  EC_KEY_set_method(key.get(), signs_in_tpm());
  auto kept = std::make_unique<InTpm>(InTpm{std::string(pem), std::nullopt});
  if (EC_KEY_set_ex_data(key.get(), in_tpm_index(), kept.get()) != 1)
    return fail(openssl_error(Code::kInternal, "a TPM's key"));
  static_cast<void>(kept.release());
  EvpKey out(EVP_PKEY_new());
  if (!out || EVP_PKEY_set1_EC_KEY(out.get(), key.get()) != 1)
    return fail(openssl_error(Code::kInternal, "a TPM's key"));
  return out;
}

std::optional<Error> tpm_trouble(const EVP_PKEY* key) {
  // One that a provider of OpenSSL's holds is none of ours, and would be copied to be looked at.
  if (key == nullptr || EVP_PKEY_get0_provider(key) != nullptr || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC)
    return {};
  const auto* const ec = EVP_PKEY_get0_EC_KEY(key);
  const auto* const kept =
      ec == nullptr ? nullptr : static_cast<const InTpm*>(EC_KEY_get_ex_data(ec, in_tpm_index()));
  return kept == nullptr ? std::nullopt : kept->trouble;
}

}  // namespace holdfast::sync
