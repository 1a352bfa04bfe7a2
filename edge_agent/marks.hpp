// SPDX-License-Identifier: Apache-2.0
// Marks: what the agent writes on what it makes, "1 <key> <MAC>". The MAC covers node uid, claim and key, so
// a mark counts only at the place it was made for and on this node: a copied file is nobody's.
// Threads: const calls from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/signing.hpp"
#include "sync/model/claim.hpp"
#include "sync/model/ids.hpp"
#include "sync/model/resource.hpp"

namespace holdfast::edge_agent {

class Marks {
 public:
  Marks(sync::NodeUid node, const base::MacKey& key) : node_(std::move(node)), key_(key) {}

  /// Where the object came from, as its mark tells even when the store is lost.
  enum class Origin {
    kMade,
    kWasThere,  ///< before this agent took it over: it is never deleted
  };
  std::string make(const sync::Claim& claim, const sync::ResourceKey& key,
                   Origin origin = Origin::kMade) const;
  /// Whose mark this is, if it was made by this node for this claim.
  std::optional<sync::ResourceKey> owner(std::string_view mark, const sync::Claim& claim) const;
  /// Of a mark that has an owner.
  Origin origin(std::string_view mark, const sync::Claim& claim) const;

  /// A keyed hash as hex, which nobody can make who does not have this node's key. `domain` is a fixed string.
  std::string keyed(std::string_view domain, std::string_view text) const;

  /// The key that a mark names, whether true or not: to find the claim that owner() then checks.
  std::optional<sync::ResourceKey> claimed_key(std::string_view mark) const;

 private:
  std::string tag(const sync::Claim& claim, const sync::ResourceKey& key, Origin origin) const;
  bool is_of(std::string_view mark, const sync::Claim& claim, const sync::ResourceKey& key,
             Origin origin) const;

  sync::NodeUid node_;
  base::MacKey key_;
};

}  // namespace holdfast::edge_agent
