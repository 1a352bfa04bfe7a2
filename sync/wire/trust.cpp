// SPDX-License-Identifier: Apache-2.0
#include "sync/wire/trust.hpp"

#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/limits/model.hpp"
#include "base/limits/wire.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/text.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Result;
namespace limits = base::limits;

constexpr std::string_view kDomain = "holdfast/trust/1";

std::string document_bytes(const TrustDocument& document) {
  Json keys = Json::array();
  for (const auto& key : document.signing_keys) keys.push_back(key.hex());
  Json json{{"brokers", document.brokers},    {"caBundle", document.ca_bundle},
            {"fleet", document.fleet.str()},  {"hubs", document.hubs},
            {"signingKeys", std::move(keys)}, {"version", base::to_decimal(document.version)}};
  if (document.issued != base::WallTime{}) json["issuedMs"] = document.issued.time_since_epoch().count();
  return base::canonical_json(json);
}

/// An address is of `scheme`, and holds nothing that a log line or a URL parser could trip over.
auto parse_address(std::string_view scheme) {
  return [scheme](std::string_view text) -> Result<std::string> {
    const bool plain = text.size() > scheme.size() && text.size() <= limits::kPathLengthMax &&
                       text.find_first_of(std::string_view("\0 \t\r\n\"\\", 7)) == std::string_view::npos;
    if (plain && text.starts_with(scheme)) return std::string(text);
    return fail(Code::kInvalid,
                in_quotes(text) + " is not an address that begins with " + std::string(scheme));
  };
}

Result<TrustDocument> read_document(std::string_view bytes) {
  HF_TRY(const Json object, base::parse_json(bytes));
  TrustDocument document;
  ObjectReader in(object, "");
  in.required("fleet", id_field(document.fleet))
      .required("version", counter_field(document.version))
      .required("caBundle", document.ca_bundle)
      .each("signingKeys",
            text_elements(document.signing_keys, limits::kTrustEntriesMax,
                          [](std::string_view text) { return base::PublicKey::from_hex(text); }))
      .each("hubs", text_elements(document.hubs, limits::kTrustEntriesMax, parse_address("https://")))
      .each("brokers", text_elements(document.brokers, limits::kTrustEntriesMax, parse_address("mqtts://")))
      .optional("issuedMs", time_field(document.issued));
  HF_CHECK(in.finish_open());
  // A node that took it could never again believe anybody.
  if (document.signing_keys.empty()) return fail(Code::kInvalid, "signingKeys: must name at least one key");
  return document;
}

}  // namespace

SignedTrust sign_trust(const TrustDocument& document, const base::SigningKey& recovery) {
  SignedTrust out{document_bytes(document), {}};
  out.signature = recovery.sign(kDomain, out.bytes);
  return out;
}

Result<TrustDocument> verify_trust(const SignedTrust& trust, const base::PublicKey& recovery) {
  if (!base::verify(recovery, kDomain, trust.bytes, trust.signature)) {
    return fail(Code::kPermission,
                "the trust document is not signed by the recovery key that this node pins");
  }
  auto document = read_document(trust.bytes);
  if (!document) return fail(std::move(document).error().with_context("trust document"));
  return document;
}

std::string encode_trust(const SignedTrust& trust) {
  return base::canonical_json(
      Json{{"document", trust.bytes}, {"signature", base::to_base64(trust.signature.view())}});
}

Frame encode(const SignedTrust& trust) { return {FrameType::kTrust, encode_trust(trust)}; }

Result<SignedTrust> decode_trust(std::string_view bytes) {
  if (bytes.size() > limits::kTrustBytesMax) {
    return fail(Code::kLimit, "a trust document of " + std::to_string(bytes.size()) + " bytes; at most " +
                                  std::to_string(limits::kTrustBytesMax) + " are allowed");
  }
  HF_TRY(const Json object, base::parse_json(bytes));
  SignedTrust trust;
  ObjectReader in(object, "");
  in.required("document", trust.bytes)
      .required("signature",
                text_field(trust.signature, [](std::string_view text) -> Result<base::Signature> {
                  HF_TRY(const std::string raw, base::from_base64(text));
                  return base::Signature::from_bytes(raw);
                }));
  HF_CHECK(in.finish());
  return trust;
}

}  // namespace holdfast::sync
