// SPDX-License-Identifier: Apache-2.0
#include "sync/wire/signed_bytes.hpp"

#include <algorithm>

#include "sync/wire/bytes.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;

std::string join_signed(const base::Signature& signature, std::string_view bytes) {
  return ByteWriter().raw(signature.view()).raw(bytes).take();
}

base::Result<std::pair<base::Signature, std::string>> split_signed(std::string_view body,
                                                                   std::string_view what) {
  ByteReader in(body);
  const std::string_view raw = in.raw(std::tuple_size_v<decltype(base::Signature::bytes)>);
  if (!in.ok()) return fail(Code::kCorrupt, "the " + std::string(what) + " message is too short");
  HF_TRY(const base::Signature signature, base::Signature::from_bytes(raw));
  return std::pair{signature, std::string(in.rest())};
}

base::Status check_signature(std::string_view domain, std::string_view bytes,
                             const base::Signature& signature, const std::vector<base::PublicKey>& keys,
                             std::string_view what) {
  const bool trusted = std::any_of(keys.begin(), keys.end(), [&](const base::PublicKey& key) {
    return base::verify(key, domain, bytes, signature);
  });
  if (trusted) return {};
  return fail(Code::kPermission, "the " + std::string(what) + " is signed by none of the " +
                                     std::to_string(keys.size()) + " keys that this node trusts");
}

base::Status check_audience(const NodeUid& addressed, const NodeUid& node, std::string_view what) {
  if (addressed == node) return {};
  return fail(Code::kPermission, "the " + std::string(what) + " is for node " + addressed.str() +
                                     "; this node is " + node.str());
}

}  // namespace holdfast::sync
