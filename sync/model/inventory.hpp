// SPDX-License-Identifier: Apache-2.0
// Inventory: what this agent made and so may delete, one entry a claim.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "sync/model/claim.hpp"
#include "sync/model/ids.hpp"
#include "sync/model/resource.hpp"

namespace holdfast::sync {

enum class InventoryPhase {
  kIntent,    ///< stored before the host was touched; the object may or may not be there
  kApplied,   ///< the host holds it
  kDeleting,  ///< a delete was decided; tried until it is gone
};

struct InventoryEntry {
  Claim claim;
  ResourceKey key;  ///< the resource that holds the claim now
  ApplicationUid application;
  base::Digest made_by;    ///< section digest that first made the object
  base::Digest effective;  ///< of the driver's resolved spec that was last applied
  InventoryPhase phase = InventoryPhase::kIntent;
  bool prune_disabled = false;
  bool adopted = false;  ///< it was there before us, unmarked
  bool hook = false;     ///< run for one attempt of its section: it ends with that
  // Where it stood in its section's apply order, for it is deleted in reverse. 0 in what older agents wrote.
  std::int64_t wave = 0;    ///< lifted over what it depends on
  std::uint32_t depth = 0;  ///< the longest chain of resources that it depends on
  bool operator==(const InventoryEntry&) const = default;
};

std::string encode_inventory_entry(const InventoryEntry& entry);
base::Result<InventoryEntry> decode_inventory_entry(std::string_view bytes);

/// What an ownership mark authenticates: "uid\nclaim\nkey". A mark counts only where the claim matches the
/// place it was found at.
std::string mark_message(const NodeUid& node, const Claim& claim, const ResourceKey& key);

}  // namespace holdfast::sync
