// SPDX-License-Identifier: Apache-2.0
#include "test/sim/stored_records.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "edge_agent/packed_text.hpp"
#include "edge_agent/state_records.hpp"
#include "edge_agent/tables.hpp"
#include "sync/model/file_spec.hpp"
#include "sync/model/kinds.hpp"
#include "sync/model/process_spec.hpp"
#include "sync/model/unit_spec.hpp"
#include "sync/model/workload_spec.hpp"

namespace holdfast::sim {

using edge_agent::SectionRecord;
using sync::SectionPhase;

namespace {
const sync::Resource* with(const sync::Section& section, const sync::Claim& claim) {
  const auto found = std::ranges::find_if(section.resources, [&](const auto& resource) {
    return std::ranges::count(sync::claims_of(resource), claim) > 0;
  });
  return found == section.resources.end() ? nullptr : &*found;
}
}  // namespace

std::optional<sync::InventoryEntry> StoredRecords::entry(const sync::Claim& claim) const {
  const auto bytes = sync::read_one(store_, edge_agent::kInventoryTable, edge_agent::claim_key(claim));
  if (!bytes || !*bytes) return std::nullopt;
  auto found = sync::decode_inventory_entry(**bytes);
  if (!found) return std::nullopt;
  return *std::move(found);
}

std::optional<SectionRecord> StoredRecords::record(const sync::ApplicationUid& application) const {
  const auto bytes = sync::read_one(store_, edge_agent::kSectionTable, application.str());
  if (!bytes || !*bytes) return std::nullopt;
  auto found = edge_agent::decode_section_record(**bytes);
  if (!found) return std::nullopt;
  return *std::move(found);
}

std::optional<sync::Section> StoredRecords::section(const base::Digest& digest) const {
  const auto body = sync::read_one(store_, edge_agent::kBodyTable, digest.view());
  if (!body || !*body) return std::nullopt;
  const auto unpacked = edge_agent::unpack_text(**body);
  if (!unpacked) return std::nullopt;
  auto section = sync::decode_section(*unpacked);
  if (!section) return std::nullopt;
  return *std::move(section);
}

std::optional<sync::DesiredHeader> StoredRecords::header() const {
  const auto bytes = sync::read_one(store_, edge_agent::kMetaTable, edge_agent::kHeaderKey);
  if (!bytes || !*bytes) return std::nullopt;
  const auto stored = edge_agent::decode_stored_header(**bytes);
  if (!stored) return std::nullopt;
  auto header = sync::decode_header(stored->bytes);
  if (!header) return std::nullopt;
  return *std::move(header);
}

sync::Generation StoredRecords::generation() const {
  const auto found = header();
  return found ? found->generation : sync::Generation{};
}

bool StoredRecords::is_held(const sync::Claim& claim) const {
  const auto found = header();
  if (!found) return false;
  for (const auto& ref : found->sections) {
    const auto of = record(ref.application);
    const bool has_failed =
        of && (of->phase == SectionPhase::kRollingBack || of->phase == SectionPhase::kQuarantined);
    const auto body = has_failed ? std::nullopt : section(ref.digest);
    if (!body) continue;
    if (with(*body, claim) != nullptr) return true;
  }
  return false;
}

bool StoredRecords::is_wanted(const sync::Claim& claim) const {
  const auto found = entry(claim);
  const auto of = found ? record(found->application) : std::nullopt;
  if (!of) return false;
  std::vector<base::Digest> states{of->accepted.digest, of->applied};
  if (!of->last_good.empty()) states.push_back(of->last_good.front());
  return std::ranges::any_of(states, [&](const auto& digest) {
    const auto body = section(digest);
    return body && with(*body, claim) != nullptr;
  });
}

std::optional<std::uint32_t> StoredRecords::replicas_of(const sync::Claim& claim) const {
  const auto found = entry(claim);
  const auto of = found ? record(found->application) : std::nullopt;
  const auto body = of ? section(of->accepted.digest) : std::nullopt;
  const auto* resource = body ? with(*body, claim) : nullptr;
  if (resource == nullptr || resource->key.kind != "Deployment") return std::nullopt;
  const auto object = base::parse_json(resource->body);
  if (!object) return std::nullopt;
  const auto deployment = sync::parse_deployment(*object);
  return deployment ? std::optional(deployment->replicas) : std::nullopt;
}

bool StoredRecords::is_rolling_back(const sync::Claim& claim) const {
  const auto found = entry(claim);
  if (!found) return false;
  const auto of = record(found->application);
  if (!of || of->phase != SectionPhase::kRollingBack) return false;
  return found->made_by == of->accepted.digest || std::ranges::count(of->given_up, found->made_by) > 0;
}

bool StoredRecords::is_kept_as(const sync::Claim& claim, const std::string& what) const {
  const auto found = entry(claim);
  const auto of = found ? record(found->application) : std::nullopt;
  if (!of || of->removal_pending) return false;
  const bool is_on_its_way = of->phase == SectionPhase::kPending || of->phase == SectionPhase::kApplying ||
                             of->phase == SectionPhase::kSynced || of->phase == SectionPhase::kRetrying ||
                             of->phase == SectionPhase::kHeld;
  if (!is_on_its_way) return false;
  const auto accepted = section(of->accepted.digest);
  if (!accepted || !is_as_in(*accepted, claim, what)) return false;
  if (of->applied.is_none()) return true;
  const auto applied = section(of->applied);
  return applied && is_as_in(*applied, claim, what);
}

bool StoredRecords::has_settled() const {
  bool settled = true;
  const auto read = store_.read([&](sync::ReadTxn& txn) {
    return txn.scan(edge_agent::kSectionTable, "", [&](std::string_view, std::string_view value) {
      const auto found = edge_agent::decode_section_record(value);
      settled = settled && found && found->phase == SectionPhase::kSynced && !found->removal_pending;
      return settled;
    });
  });
  return read && settled;
}

std::size_t StoredRecords::inventory_of(const sync::ApplicationUid& application) const {
  std::size_t count = 0;
  static_cast<void>(store_.read([&](sync::ReadTxn& txn) {
    return txn.scan(edge_agent::kInventoryTable, "", [&](std::string_view, std::string_view value) {
      const auto found = sync::decode_inventory_entry(value);
      if (found && found->application == application) ++count;
      return true;
    });
  }));
  return count;
}

// ---- what a section wants ----

namespace {

bool has_argument(const sync::PodTemplate& pod, const std::string& what) {
  const auto& containers = pod.spec.containers;
  return containers.size() == 1 && containers[0].command.size() > 1 && containers[0].command[1] == what;
}

bool is_as(const std::string& kind, const base::Json& object, const std::string& what) {
  if (kind == "Process") {
    const auto process = sync::parse_process_spec(object);
    return process && process->command.size() > 1 && process->command[1] == what;
  }
  if (kind == "Pod") {
    const auto pod = sync::parse_pod(object);
    return pod && has_argument(*pod, what);
  }
  if (kind == "Deployment") {
    const auto deployment = sync::parse_deployment(object);
    return deployment && has_argument(deployment->pod, what);
  }
  if (kind == "Unit") {
    const auto unit = sync::parse_unit_spec(object);
    return unit && unit->content == what;
  }
  const auto file = sync::parse_file_spec(object);
  return file && (file->secret_key || file->content == what);
}

}  // namespace

bool is_as_in(const sync::Section& section, const sync::Claim& claim, const std::string& what) {
  for (const auto& resource : section.resources) {
    if (resource.hook || std::ranges::count(sync::claims_of(resource), claim) == 0) continue;
    const auto object = base::parse_json(resource.body);
    return object && is_as(resource.key.kind, *object, what);
  }
  return false;
}

}  // namespace holdfast::sim
