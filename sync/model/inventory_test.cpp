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

TEST(InventoryEntry, KeepsItsPlaceInTheOrder) {
  InventoryEntry written = entry();
  written.wave = -5;
  written.depth = 3;
  EXPECT_EQ(decode_inventory_entry(encode_inventory_entry(written)), written);
}

TEST(InventoryEntry, OfAnOlderAgentHasNoPlaceAndIsReadAllTheSame) {
  const std::string bytes = encode_inventory_entry(entry());
  EXPECT_EQ(bytes.find("wave"), std::string::npos);
  EXPECT_EQ(bytes.find("depth"), std::string::npos);
  EXPECT_EQ(decode_inventory_entry(bytes), entry());
}

TEST(InventoryEntry, APlaceThatNoSectionHasIsRefused) {
  for (const char* member : {R"("depth":-1)", R"("depth":5001)", R"("wave":2147483648)", R"("wave":"1")"}) {
    std::string bytes = encode_inventory_entry(entry());
    bytes.insert(1, std::string(member) + ",");
    EXPECT_FALSE(decode_inventory_entry(bytes)) << member;
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
