// SPDX-License-Identifier: Apache-2.0
#include "sync/model/inventory.hpp"

#include <limits>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/limits/model.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/words.hpp"

namespace holdfast::sync {
namespace {

using base::Json;

constexpr Words<InventoryPhase, 3> kPhases{{{{InventoryPhase::kIntent, "Intent"},
                                             {InventoryPhase::kApplied, "Applied"},
                                             {InventoryPhase::kDeleting, "Deleting"}}}};

base::Result<InventoryPhase> parse_phase(std::string_view text) { return kPhases.parse(text, ""); }

}  // namespace

std::string encode_inventory_entry(const InventoryEntry& entry) {
  Json out{{"application", entry.application.str()}, {"claim", entry.claim.text()},
           {"effective", entry.effective.hex()},     {"key", entry.key.text()},
           {"madeBy", entry.made_by.hex()},          {"phase", kPhases.word(entry.phase)}};
  if (entry.prune_disabled) out["pruneDisabled"] = true;
  if (entry.adopted) out["adopted"] = true;
  if (entry.hook) out["hook"] = true;
  if (entry.wave != 0) out["wave"] = entry.wave;
  if (entry.depth != 0) out["depth"] = entry.depth;
  return base::canonical_json(out);
}

base::Result<InventoryEntry> decode_inventory_entry(std::string_view bytes) {
  InventoryEntry entry;
  HF_TRY(const Json object, base::parse_json(bytes));
  base::ObjectReader in(object, "");
  in.required("application", id_field(entry.application))
      .required("claim", text_field(entry.claim, Claim::parse))
      .required("effective", digest_field(entry.effective))
      .required("key", text_field(entry.key, ResourceKey::parse))
      .required("madeBy", digest_field(entry.made_by))
      .required("phase", text_field(entry.phase, parse_phase))
      .optional("pruneDisabled", entry.prune_disabled)
      .optional("adopted", entry.adopted)
      .optional("hook", entry.hook)
      .optional("wave", number_field(entry.wave, std::numeric_limits<std::int32_t>::min(),
                                     std::numeric_limits<std::int32_t>::max()))
      .optional("depth", number_field(entry.depth, 0, std::int64_t{base::limits::kResourcesPerSectionMax}));
  HF_CHECK(in.finish());
  return entry;
}

std::string mark_message(const NodeUid& node, const Claim& claim, const ResourceKey& key) {
  return node.str() + "\n" + claim.text() + "\n" + key.text();
}

}  // namespace holdfast::sync
