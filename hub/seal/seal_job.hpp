// SPDX-License-Identifier: Apache-2.0
// SealJob: what the hub hands to holdfast-secret-sealer on its standard input, and what comes back: sealed values in,
// sealed values out. What is in clear between the two never leaves seal_for_nodes().
// Threads: plain values and pure functions.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "base/sealing.hpp"

namespace holdfast::hub {

/// A SealedSecret of Git, and the nodes that shall be able to open it.
struct SealOrder {
  base::Digest version;
  std::string ns;
  std::string name;
  base::SealingKeyId key;                   ///< of the hub, to which it is sealed
  std::map<std::string, std::string> data;  ///< sealed bytes
  std::vector<base::SealingPublicKey> nodes;
  bool operator==(const SealOrder&) const = default;
};
struct SealJob {
  std::string keys_file;  ///< the hub's sealing keys
  std::vector<SealOrder> orders;
  bool operator==(const SealJob&) const = default;
};

/// One Secret for one node.
struct SealedFor {
  base::Digest version;
  base::SealingKeyId node;
  std::map<std::string, std::string> data;  ///< sealed bytes
  bool operator==(const SealedFor&) const = default;
};
/// Why a SealedSecret cannot be opened.
struct SealFailure {
  base::Digest version;
  std::string message;
  bool operator==(const SealFailure&) const = default;
};
struct SealAnswer {
  std::vector<SealedFor> sealed;
  std::vector<SealFailure> failures;
  bool operator==(const SealAnswer&) const = default;
};

std::string encode_seal_job(const SealJob& job);
base::Result<SealJob> decode_seal_job(std::string_view bytes);
std::string encode_seal_answer(const base::Result<SealAnswer>& answer);
/// The answer's own error, or one that says that it is no answer.
base::Result<SealAnswer> decode_seal_answer(std::string_view bytes);

/// Opens each order with the hub's keys and seals it to its nodes; one that cannot be opened fails alone.
SealAnswer seal_for_nodes(const std::vector<SealOrder>& orders, const base::SealingKeys& keys);

}  // namespace holdfast::hub
