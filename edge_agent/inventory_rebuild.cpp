// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/inventory_rebuild.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <utility>

#include "base/log.hpp"
#include "edge_agent/job_records.hpp"
#include "edge_agent/packed_text.hpp"
#include "edge_agent/pod_labels.hpp"
#include "edge_agent/process_effective.hpp"
#include "edge_agent/state_records.hpp"
#include "edge_agent/tables.hpp"
#include "sync/store/record.hpp"

namespace holdfast::edge_agent {

using base::Result;
using base::Status;

namespace {

// ---- rescue ----

/// A counter that was lost would let an old command be carried out again.
constexpr std::array kKnownMetaKeys{kHeaderKey, kAppliedKey, kCommandCounterKey, kSettingsCounterKey};

using Records = std::vector<std::pair<std::string, std::string>>;

template <class T>
bool is_sound(const Result<T>& decoded) {
  return decoded || decoded.error().code() == base::Code::kTooNew;
}

/// Whether the next boot can read it: one that checks and says nothing would be found damaged again at every start.
bool makes_sense(sync::Table table, std::string_view key, std::string_view value) {
  if (table.name == kSectionTable.name) return is_sound(decode_section_record(value));
  if (table.name == kInventoryTable.name) return is_sound(sync::decode_inventory_entry(value));
  if (table.name == kProcessTable.name) return is_sound(decode_restarts(value));
  if (table.name == kUnitTable.name) return is_sound(decode_unit_record(value));
  if (table.name == kJobTable.name) return is_sound(decode_jobs(value));
  if (table.name == kBodyTable.name) return is_sound(base::Digest::from_bytes(key));
  if (table.name != kMetaTable.name) return true;
  if (key == kHeaderKey) {
    const auto stored = decode_stored_header(value);
    return stored && is_sound(sync::decode_header(stored->bytes));
  }
  return key != kAppliedKey || is_sound(decode_applied_state(value));
}

/// What a scan gives, past damaged records up to a damaged page.
Records readable(sync::Store& store, sync::Table table) {
  Records records;
  std::size_t lost = 0;
  std::optional<base::Error> first;
  const auto lose = [&](const base::Error& error) {
    ++lost;
    if (!first) first = error;
  };
  const Status status = store.read([&](sync::ReadTxn& txn) {
    return txn.scan_past(
        table, "",
        [&](std::string_view key, std::string_view value) {
          if (makes_sense(table, key, value))
            records.emplace_back(key, value);
          else
            lose({base::Code::kCorrupt, sync::record_name(table.name, key) + ": the record says nothing"});
          return true;
        },
        [&](std::string_view, const base::Error& error) { lose(error); });
  });
  if (!status) lose(status.error());
  if (first)
    base::log::warn("a table is damaged",
                    {{"table", table.name}, {"places", lost}, {"first", first->message()}});
  return records;
}

void read_known(sync::Store& store, sync::Table table, const std::string& key, Records& records) {
  auto value = sync::read_one(store, table, key);
  if (value && *value && makes_sense(table, key, **value)) records.emplace_back(key, **std::move(value));
}

/// Records found by name, whatever page before them is damaged.
void read_by_header(sync::Store& damaged, std::map<sync::Table, Records>& found) {
  for (const auto key : kKnownMetaKeys) read_known(damaged, kMetaTable, std::string(key), found[kMetaTable]);
  const auto stored = sync::read_one(damaged, kMetaTable, kHeaderKey);
  if (!stored || !*stored) return;
  const auto header = decode_stored_header(**stored);
  const auto decoded = header ? sync::decode_header(header->bytes) : base::fail(header.error());
  if (!decoded) return;
  for (const auto& removal : decoded->removals)
    read_known(damaged, kSectionTable, removal.application.str(), found[kSectionTable]);
  for (const auto& ref : decoded->sections) {
    read_known(damaged, kSectionTable, ref.application.str(), found[kSectionTable]);
    const std::string digest(ref.digest.view());
    read_known(damaged, kBodyTable, digest, found[kBodyTable]);
    read_known(damaged, kProvenanceTable, digest, found[kProvenanceTable]);
    const auto stored_body = sync::read_one(damaged, kBodyTable, digest);
    if (!stored_body || !*stored_body) continue;
    const auto body = unpack_text(**stored_body);
    if (!body) continue;
    for (const auto& claim : claims_in(*body)) {
      read_known(damaged, kInventoryTable, claim_key(claim), found[kInventoryTable]);
    }
  }
}

}  // namespace

Status rescue_store(sync::Store& damaged, sync::Store& fresh) {
  std::map<sync::Table, Records> found;
  // Parts are sent again: what is half there is worth less than the doubt.
  for (const auto& table : kAgentTables)
    if (table.name != kPartTable.name) found[table] = readable(damaged, table);
  read_by_header(damaged, found);
  return fresh.write([&](sync::WriteTxn& txn) -> Status {
    for (const auto& [table, records] : found) {
      for (const auto& [key, value] : records) HF_CHECK(txn.put(table, key, value));
    }
    return txn.put(kMetaTable, kDeletesForbiddenKey, "1");
  });
}

namespace {

// ---- rebuild ----

/// The application whose section desires the claim, or desired it last; none: nobody knows.
const SectionRecord* application_of(const Parts& parts, const sync::Claim& claim) {
  const auto refs = parts.targets.who_desires(claim);
  return refs.empty() ? nullptr : parts.store.section(refs.front().application);
}

void adopt_item(const Parts& parts, const sync::ApplicationUid& application, const Target& target,
                const TargetItem& item, Changes& changes) {
  for (const auto& claim : item.desired.claims) {
    if (parts.store.entry(claim) != nullptr) continue;
    const auto observed = item.driver->observe(claim, item.effective.get(), nullptr);
    if (!observed || !observed->present || !observed->ours) continue;
    changes.inventory[claim] =
        sync::InventoryEntry{.claim = claim,
                             .key = item.desired.key,
                             .application = application,
                             .made_by = target.digest,
                             .effective = observed->matches ? item.desired.effective : base::Digest{},
                             .phase = sync::InventoryPhase::kApplied,
                             .prune_disabled = item.desired.prune_disabled,
                             .adopted = observed->was_there};
  }
}

struct OwnProcess {
  sync::Claim claim;
  sync::ResourceKey key;
};

/// Those that are ours by their mark and not in the inventory.
Result<std::vector<OwnProcess>> unknown_processes(const Parts& parts, base::Host& host, const Marks& marks) {
  HF_TRY(const auto processes, host.processes());
  std::vector<OwnProcess> out;
  for (const auto& status : processes) {
    // The mark names the key, the key gives the claim, and the claim must give this very run folder.
    const auto key = marks.claimed_key(status.mark);
    if (!key) continue;
    const sync::Claim claim{sync::ClaimKind::kProcess, key->ns + "/" + key->name};
    const bool is_ours = instance_of(claim) == status.id && marks.owner(status.mark, claim).has_value();
    if (is_ours && parts.store.entry(claim) == nullptr) out.push_back({claim, *key});
  }
  return out;
}

Status adopt_processes(const Parts& parts, base::Host& host, const Marks& marks, Changes& changes) {
  HF_TRY(const auto processes, unknown_processes(parts, host, marks));
  for (const auto& [claim, key] : processes) {
    const SectionRecord* record = application_of(parts, claim);
    if (record == nullptr || changes.inventory.contains(claim)) continue;
    changes.inventory[claim] = sync::InventoryEntry{.claim = claim,
                                                    .key = key,
                                                    .application = record->accepted.application,
                                                    .made_by = target_digest(*record),
                                                    .effective = base::Digest{},
                                                    .phase = sync::InventoryPhase::kApplied,
                                                    .prune_disabled = false,
                                                    .adopted = false};
  }
  return {};
}

}  // namespace

Status rebuild_inventory(Parts& parts, base::Host& host, const Marks& marks) {
  Changes changes;
  for (const auto& [application, record] : parts.store.sections()) {
    const Target* target = parts.targets.find(application);
    if (target == nullptr) continue;
    for (const auto& item : target->items) adopt_item(parts, application, *target, item, changes);
  }
  HF_CHECK(adopt_processes(parts, host, marks, changes));
  return parts.store.commit(changes);
}

void tell_strays(const Parts& parts, base::Host& host, const Marks& marks) {
  const auto processes = unknown_processes(parts, host, marks);
  if (!processes)
    return base::log::warn("processes cannot be listed", {{"error", processes.error().message()}});
  for (const auto& [claim, key] : *processes) {
    if (application_of(parts, claim) != nullptr) continue;
    parts.events.warning("Stray", {"", key.brief()},
                         claim.text() +
                             " was started by this node, whose records of it were lost, and no "
                             "application asks for it: it is left alone");
  }
  for (const auto& [claim, entry] : parts.store.inventory()) {
    if (parts.store.section(entry.application) != nullptr) continue;
    parts.events.warning("Stray", {"", entry.key.brief()},
                         claim.text() +
                             " was made by this node for an application whose record was lost, and no "
                             "application asks for it: it is left alone");
  }
}

namespace {

/// All pods of a Deployment are one claim, so what counts is the resource.
bool is_known_of(const Parts& parts, const sync::ResourceKey& key) {
  const auto is_of_key = [&](const auto& item) { return item.second.key == key; };
  if (std::ranges::any_of(parts.store.inventory(), is_of_key)) return true;
  return std::ranges::any_of(parts.store.sections(), [&](const auto& section) {
    Target* target = parts.targets.find(section.first);
    return target != nullptr && target->find(key) != nullptr;
  });
}

}  // namespace

void tell_stray_containers(const Parts& parts, const ContainerCache& cache, const Marks& marks) {
  std::map<sync::ResourceKey, std::string> strays;
  for (const auto* state : cache.all()) {
    const auto owner = owner_of(*state, marks);
    if (!owner || is_known_of(parts, *owner)) continue;
    auto& names = strays[*owner];
    names += (names.empty() ? "" : ", ") + state->name.str();
  }
  for (const auto& [key, names] : strays) {
    parts.events.warning(
        "Stray", {"", key.brief()},
        "container " + names +
            " was made by this node, and neither its records nor an application know of it: it "
            "is left alone");
  }
}

}  // namespace holdfast::edge_agent
