// SPDX-License-Identifier: Apache-2.0
// SealedSecret: a Secret as Git holds it, each value sealed to the hub on its own (docs/decisions/0015-secrets.md).
//
//     spec: {key: <id of the hub's sealing key>, encryptedData: {password: <base64>}, template: {type, labels}}
//
// Threads: pure functions of values.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/sealing.hpp"

namespace holdfast::gitops {

/// Whether a plain Secret in Git is taken; the Project says so.
enum class PlainSecrets { kRefuse, kAllow };

struct SealedSecret {
  std::string ns = "default";
  std::string name;
  base::SealingKeyId key;                   ///< of the hub; none: it is a plain Secret, and `data` in clear
  std::map<std::string, std::string> data;  ///< sealed
  base::Digest version;                     ///< of namespace, name and spec; none of a plain one
  bool is_plain() const { return key.is_none(); }
};

bool is_sealed_secret(std::string_view api_version, std::string_view kind);
/// Strict but for metadata, which is read with that of the Secret.
base::Result<SealedSecret> parse_sealed_secret(const base::Json& object);
/// The Secret that comes of it, redacted. REQUIRES: `sealed` was read from `object`.
base::Json as_secret(const base::Json& object, const SealedSecret& sealed);

/// A plain Secret, for `holdfast seal`.
struct PlainSecret {
  std::string ns = "default";
  std::string name;
  std::map<std::string, base::ClearText> data;  ///< data decoded, stringData merged into it
  std::string metadata;                         ///< as JSON, without_clear_copy()
  std::string type;
};
/// The metadata of a plain Secret without what `kubectl apply` remembers in an annotation: the values in clear.
base::Json without_clear_copy(base::Json metadata);
/// kind Secret of v1. No message repeats a value.
base::Result<PlainSecret> parse_plain_secret(const base::Json& object);
/// What goes to Git.
base::Json sealed_secret(const PlainSecret& secret, const base::SealingPublicKey& key);

}  // namespace holdfast::gitops
