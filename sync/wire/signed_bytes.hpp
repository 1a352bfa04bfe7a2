// SPDX-License-Identifier: Apache-2.0
// What signed messages have in common: on the wire 64 bytes of Ed25519 signature, then the signed bytes,
// which are canonical JSON; a node takes them only from a key it trusts and only when they are addressed to
// it.
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/signing.hpp"
#include "sync/model/ids.hpp"

namespace holdfast::sync {

std::string join_signed(const base::Signature& signature, std::string_view bytes);
/// `what` names the message: "command".
base::Result<std::pair<base::Signature, std::string>> split_signed(std::string_view body,
                                                                   std::string_view what);

base::Status check_signature(std::string_view domain, std::string_view bytes,
                             const base::Signature& signature, const std::vector<base::PublicKey>& keys,
                             std::string_view what);
base::Status check_audience(const NodeUid& addressed, const NodeUid& node, std::string_view what);

}  // namespace holdfast::sync
