// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/state_store.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "edge_agent/job_records.hpp"
#include "edge_agent/packed_text.hpp"
#include "edge_agent/state_records.hpp"
#include "edge_agent/tables.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::Digest;
using base::fail;
using base::Result;
using base::Status;

namespace {

/// The checksum held, and yet it says nothing: corruption all the same.
template <class T>
Result<T> as_record(std::string_view name, Result<T> decoded) {
  if (decoded || decoded.error().code() == Code::kTooNew) return decoded;
  return fail(Code::kCorrupt, std::string(name) + ": " + decoded.error().message());
}

/// Reads every record of a table; the first one that cannot be read ends it.
Status each_record(sync::ReadTxn& txn, sync::Table table,
                   const std::function<Status(std::string_view key, std::string_view value)>& take) {
  Status status;
  HF_CHECK(txn.scan(table, "", [&](std::string_view key, std::string_view value) {
    status = take(key, value);
    return status.has_value();
  }));
  return as_record("table " + std::string(table.name), status);
}

void add_references(const SectionRecord& record, std::set<Digest>& references) {
  references.insert(record.accepted.digest);
  references.insert(record.applied);
  references.insert(record.last_good.begin(), record.last_good.end());
}

template <class Map, class Key, class Value>
bool is_same(const Map& map, const Key& key, const std::optional<Value>& value) {
  const auto found = map.find(key);
  if (found == map.end()) return !value;
  return value && *value == found->second;
}

template <class Map, class Key, class Value>
void assign(Map& map, const Key& key, std::optional<Value>&& value) {
  if (value) {
    map.insert_or_assign(key, *std::move(value));
  } else {
    map.erase(key);
  }
}

/// Whether something of the resource is kept once this is written.
bool is_kept(const sync::ResourceKey& key, const StateStore::Inventory& inventory, const Changes& changes) {
  const auto is_its = [&](const auto& one) {
    return one.second.key == key && !changes.inventory.contains(one.first);
  };
  return std::ranges::any_of(inventory, is_its) ||
         std::ranges::any_of(changes.inventory,
                             [&](const auto& one) { return one.second && one.second->key == key; });
}

/// Of what is kept no longer, removed or let go, nothing need be known.
void forget_what_goes(const StateStore::Inventory& inventory, const Changes& changes, UnitBook& units,
                      JobBook& jobs) {
  for (const auto& [claim, entry] : changes.inventory) {
    const auto known = inventory.find(claim);
    if (entry || known == inventory.end()) continue;
    if (claim.kind == sync::ClaimKind::kUnit) units.forget(claim.value);
    const auto& key = known->second.key;
    if (jobs.find(key) != nullptr && !is_kept(key, inventory, changes)) jobs.forget(key);
  }
}

}  // namespace

bool Changes::empty() const {
  return !header && !applied && !deletes_forbidden && sections.empty() && inventory.empty() && bodies.empty();
}

Status StateStore::load() {
  RestartBook::Counts restarts;
  UnitBook::Records units;
  JobBook::Records jobs;
  HF_CHECK(store_.read([&](sync::ReadTxn& txn) -> Status {
    HF_TRY(const auto header, txn.get(kMetaTable, kHeaderKey));
    if (header) {
      HF_TRY(header_, as_record("meta/header", decode_stored_header(*header)));
    }
    HF_TRY(const auto applied, txn.get(kMetaTable, kAppliedKey));
    if (applied) {
      HF_TRY(applied_, as_record("meta/applied", decode_applied_state(*applied)));
    }
    HF_TRY(const auto forbidden, txn.get(kMetaTable, kDeletesForbiddenKey));
    deletes_forbidden_ = forbidden.has_value();
    HF_CHECK(each_record(txn, kSectionTable, [&](std::string_view, std::string_view value) -> Status {
      HF_TRY(auto record, decode_section_record(value));
      sections_.insert_or_assign(record.accepted.application, std::move(record));
      return {};
    }));
    HF_CHECK(each_record(txn, kInventoryTable, [&](std::string_view, std::string_view value) -> Status {
      HF_TRY(auto entry, sync::decode_inventory_entry(value));
      inventory_.insert_or_assign(entry.claim, std::move(entry));
      return {};
    }));
    HF_CHECK(each_record(txn, kProcessTable, [&](std::string_view, std::string_view value) -> Status {
      HF_TRY(auto count, decode_restarts(value));
      restarts.insert(std::move(count));
      return {};
    }));
    HF_CHECK(each_record(txn, kUnitTable, [&](std::string_view, std::string_view value) -> Status {
      HF_TRY(auto record, decode_unit_record(value));
      units.insert(std::move(record));
      return {};
    }));
    HF_CHECK(each_record(txn, kJobTable, [&](std::string_view, std::string_view value) -> Status {
      auto record = decode_jobs(value);
      if (record) jobs.insert(*std::move(record));
      // What one Job has come to is not worth the store: it is taken for what its container says.
      if (!record) base::log::failure("the record of a Job says nothing", "job", record.error());
      return {};
    }));
    return each_record(txn, kBodyTable, [&](std::string_view key, std::string_view) -> Status {
      HF_TRY(const auto digest, Digest::from_bytes(key));
      bodies_.insert(digest);
      return {};
    });
  }));
  restarts_.load(std::move(restarts));
  units_.load(std::move(units));
  jobs_.load(std::move(jobs));
  return {};
}

const SectionRecord* StateStore::section(const sync::ApplicationUid& application) const {
  const auto found = sections_.find(application);
  return found == sections_.end() ? nullptr : &found->second;
}

const sync::InventoryEntry* StateStore::entry(const sync::Claim& claim) const {
  const auto found = inventory_.find(claim);
  return found == inventory_.end() ? nullptr : &found->second;
}

Result<std::string> StateStore::body(const Digest& digest) const {
  auto read = sync::read_one(store_, kBodyTable, digest.view());
  if (!read && read.error().code() == Code::kCorrupt) lost_.insert(digest);
  HF_TRY(const auto bytes, std::move(read));
  if (!bytes) return fail(Code::kNotFound, "section " + digest.brief() + " is not stored here");
  auto body = unpack_text(*bytes);
  if (body && Digest::of(*body) == digest) return body;
  lost_.insert(digest);
  return fail(Code::kCorrupt, "section " + digest.brief() + " does not have its digest");
}

Result<std::string> StateStore::provenance_bytes(const Digest& section) const {
  HF_TRY(auto bytes, sync::read_one(store_, kProvenanceTable, section.view()));
  return bytes ? unpack_text(*bytes) : std::string{};
}

Result<std::vector<sync::Provenance>> StateStore::provenance(const Digest& section) const {
  HF_TRY(const auto bytes, provenance_bytes(section));
  if (bytes.empty()) return std::vector<sync::Provenance>{};
  return sync::decode_provenance(bytes);
}

void StateStore::drop_unchanged(Changes& changes) const {
  std::erase_if(changes.sections,
                [&](const auto& pair) { return is_same(sections_, pair.first, pair.second); });
  std::erase_if(changes.inventory,
                [&](const auto& pair) { return is_same(inventory_, pair.first, pair.second); });
  std::erase_if(changes.bodies,
                [&](const auto& body) { return has_body(body.digest) && body.provenance.empty(); });
  if (changes.deletes_forbidden == deletes_forbidden_) changes.deletes_forbidden.reset();
  if (changes.applied == applied_) changes.applied.reset();
}

std::set<Digest> StateStore::unreferenced(const Changes& changes) const {
  if (changes.sections.empty()) return {};
  std::set<Digest> references;
  for (const auto& [application, record] : sections_) {
    if (!changes.sections.contains(application)) add_references(record, references);
  }
  for (const auto& [application, record] : changes.sections) {
    if (record) add_references(*record, references);
  }
  std::set<Digest> garbage;
  std::ranges::set_difference(bodies_, references, std::inserter(garbage, garbage.end()));
  return garbage;
}

Status StateStore::write(sync::WriteTxn& txn, const Changes& changes, const std::set<Digest>& garbage) const {
  if (changes.header) HF_CHECK(txn.put(kMetaTable, kHeaderKey, encode_stored_header(*changes.header)));
  if (changes.applied) HF_CHECK(txn.put(kMetaTable, kAppliedKey, encode_applied_state(*changes.applied)));
  if (changes.deletes_forbidden) {
    HF_CHECK(*changes.deletes_forbidden ? txn.put(kMetaTable, kDeletesForbiddenKey, "1")
                                        : txn.erase(kMetaTable, kDeletesForbiddenKey));
  }
  for (const auto& body : changes.bodies) {
    if (!has_body(body.digest)) HF_CHECK(txn.put(kBodyTable, body.digest.view(), pack_text(body.bytes)));
    if (!body.provenance.empty())
      HF_CHECK(txn.put(kProvenanceTable, body.digest.view(), pack_text(body.provenance)));
  }
  for (const auto& [application, record] : changes.sections) {
    HF_CHECK(record ? txn.put(kSectionTable, application.str(), encode_section_record(*record))
                    : txn.erase(kSectionTable, application.str()));
  }
  for (const auto& [claim, entry] : changes.inventory) {
    HF_CHECK(entry ? txn.put(kInventoryTable, claim_key(claim), sync::encode_inventory_entry(*entry))
                   : txn.erase(kInventoryTable, claim_key(claim)));
  }
  for (const auto& claim : restarts_.changed()) {
    const auto count = restarts_.count(claim);
    HF_CHECK(count > 0 ? txn.put(kProcessTable, claim_key(claim), encode_restarts(claim, count))
                       : txn.erase(kProcessTable, claim_key(claim)));
  }
  for (const auto& unit : units_.changed()) {
    const auto* record = units_.find(unit);
    HF_CHECK(record != nullptr ? txn.put(kUnitTable, unit, encode_unit_record(unit, *record))
                               : txn.erase(kUnitTable, unit));
  }
  for (const auto& [key, since] : jobs_.changed()) {
    const CronRecord* record = jobs_.find(key);
    HF_CHECK(record != nullptr ? txn.put(kJobTable, key.text(), encode_jobs(key, *record))
                               : txn.erase(kJobTable, key.text()));
  }
  for (const auto& digest : garbage) {
    HF_CHECK(txn.erase(kBodyTable, digest.view()));
    HF_CHECK(txn.erase(kProvenanceTable, digest.view()));
  }
  return {};
}

void StateStore::take(Changes& changes, const std::set<Digest>& garbage) {
  if (changes.header) header_ = std::move(changes.header);
  if (changes.applied) applied_ = *changes.applied;
  if (changes.deletes_forbidden) deletes_forbidden_ = *changes.deletes_forbidden;
  for (auto& [application, record] : changes.sections) assign(sections_, application, std::move(record));
  for (auto& [claim, entry] : changes.inventory) assign(inventory_, claim, std::move(entry));
  for (const auto& body : changes.bodies) {
    bodies_.insert(body.digest);
    lost_.erase(body.digest);
  }
  for (const auto& digest : garbage) {
    bodies_.erase(digest);
    lost_.erase(digest);
  }
  restarts_.stored();
  units_.stored();
  jobs_.stored();
  changes = Changes{};
}

Status StateStore::commit(Changes& changes) {
  drop_unchanged(changes);
  forget_what_goes(inventory_, changes, units_, jobs_);
  if (changes.empty() && restarts_.changed().empty() && units_.changed().empty() && jobs_.changed().empty())
    return {};
  const auto garbage = unreferenced(changes);
  HF_CHECK(store_.write([&](sync::WriteTxn& txn) { return write(txn, changes, garbage); }));
  take(changes, garbage);
  return {};
}

}  // namespace holdfast::edge_agent
