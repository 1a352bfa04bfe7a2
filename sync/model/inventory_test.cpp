// SPDX-License-Identifier: Apache-2.0
// Inventory entries as they are stored, and what a mark says.
#include "sync/model/inventory.hpp"

#include <gtest/gtest.h>

namespace holdfast::sync {
namespace {

InventoryEntry entry() {
  return {{ClaimKind::kPath, "/etc/motd"},
          {"holdfast.dev", "File", "default", "motd"},
          ApplicationUid("app-1"),
          base::Digest::of("section"),
          base::Digest::of("spec"),
          InventoryPhase::kApplied,
          false,
          false};
}

TEST(InventoryEntry, ReadsBackWhatItWroteInEveryPhase) {
  for (const auto phase : {InventoryPhase::kIntent, InventoryPhase::kApplied, InventoryPhase::kDeleting}) {
    for (const bool flag : {false, true}) {
      InventoryEntry written = entry();
      written.phase = phase;
      written.prune_disabled = flag;
      written.adopted = !flag;
      EXPECT_EQ(decode_inventory_entry(encode_inventory_entry(written)), written);
    }
  }
}

TEST(InventoryEntry, DamagedIsAnErrorNeverADefault) {
  const std::string good = encode_inventory_entry(entry());
  for (std::size_t i = 0; i < good.size(); ++i) {
    EXPECT_FALSE(decode_inventory_entry(std::string_view(good).substr(0, i))) << i;
  }
  EXPECT_EQ(decode_inventory_entry("{}").error().message(),
            "application: this field is required and missing");
}

TEST(Mark, SaysNodeClaimAndKey) {
  EXPECT_EQ(mark_message(NodeUid("node-1"), entry().claim, entry().key),
            "node-1\npath:/etc/motd\nholdfast.dev/File/default/motd");
}

}  // namespace
}  // namespace holdfast::sync
