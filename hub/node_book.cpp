// SPDX-License-Identifier: Apache-2.0
#include "hub/node_book.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/limits/wire.hpp"
#include "base/log.hpp"
#include "gitops/placement.hpp"
#include "hub/json_path.hpp"
#include "hub/tables.hpp"
#include "sync/model/labels.hpp"

namespace holdfast::hub {

using base::Code;
using base::Json;
using base::Result;
using base::Status;

namespace {

constexpr std::string_view kSettingsKey = "settings_counter";
constexpr std::string_view kFloorKey = "counter_floor";
constexpr std::uint64_t kSettingsReserved = 100'000;

std::string encode_session(const NodeEntry& entry) {
  Json out{{"command", base::to_decimal(entry.command_counter)}, {"windowMs", entry.window_told.count()}};
  if (entry.trust) out["trust"] = base::to_decimal(*entry.trust);
  return base::canonical_json(out);
}

void set_report(NodeEntry& entry, const sync::SnapshotReport& report, sync::Snapshot snapshot) {
  entry.snapshot = std::move(snapshot);
  entry.snapshot_bytes = report.snapshot;
  entry.snapshot_digest = base::Digest::of(report.snapshot);
  entry.abilities = report.abilities;
  entry.abilities_digest = sync::abilities_digest(report.abilities);
  // An agent keeps the bodies that it accepted, applied and would go back to.
  entry.held.clear();
  for (const auto& section : entry.snapshot->sections) {
    for (const auto& digest : {section.accepted, section.applied, section.last_good}) {
      if (!digest.is_none()) entry.held.insert(digest);
    }
  }
}

}  // namespace

bool is_cut_off(const Json& node) {
  return truth_at(node, "spec/revoked") || !text_at(node, "spec/clone").empty();
}

bool NodeEntry::would_go_back(const sync::SectionRef& section) const {
  if (!proven) return false;
  const auto has = std::ranges::find(proven->sections, section.application, &sync::SectionRef::application);
  if (has != proven->sections.end() && has->digest == section.digest) return false;
  const auto found = placings.find(section.application);
  if (found == placings.end()) return true;
  const Placing& now = found->second;
  return !now.leaving && (!now.reason.empty() || now.wanted.is_none());
}

const sync::SectionStatus* NodeEntry::reported_section(const sync::ApplicationUid& application) const {
  if (!snapshot) return nullptr;
  const auto found = std::ranges::find(snapshot->sections, application, &sync::SectionStatus::application);
  return found == snapshot->sections.end() ? nullptr : &*found;
}

bool NodeEntry::can(std::string_view ability) const { return std::ranges::binary_search(abilities, ability); }

std::map<std::string, std::string> NodeEntry::own_labels() const {
  auto out = labels;
  std::erase_if(out, [](const auto& label) { return label.first.starts_with(gitops::kFactLabelPrefix); });
  return out;
}

void NodeBook::take_session(const sync::NodeUid& uid, std::string_view value) {
  const auto json = base::parse_json(value);
  if (!json) {
    has_lost_counters_ = true;
    return;
  }
  auto& stored = stored_[uid];
  stored.command_counter = base::from_decimal(text_at(*json, "command")).value_or(0);
  // Where numbers stood when each node had its own row of them.
  const auto settings = base::from_decimal(text_at(*json, "settings")).value_or(0);
  settings_reserved_ = std::max(settings_reserved_, settings);
  if (const auto trust = base::from_decimal(text_at(*json, "trust"))) stored.trust = *trust;
  stored.window_told = std::chrono::milliseconds(number_at(*json, "windowMs"));
}

Status NodeBook::lift_counters(std::uint64_t floor) {
  if (floor <= floor_) return {};
  HF_CHECK(sync::write_one(store_, kMetaTable, kFloorKey, base::to_decimal(floor)));
  floor_ = floor;
  settings_counter_ = settings_reserved_ = std::max(settings_reserved_, floor);
  return {};
}

Status NodeBook::load() {
  const auto damaged = [this](std::string_view key, const base::Error& error) {
    base::log::error("a node's counters cannot be read", {{"node", key}, {"error", error.message()}});
    has_lost_counters_ = true;
  };
  HF_CHECK(store_.read([&](sync::ReadTxn& txn) -> Status {
    HF_CHECK(txn.scan_past(
        kReportTable, "",
        [&](std::string_view key, std::string_view value) {
          if (auto report = sync::decode_snapshot_report(value))
            stored_[sync::NodeUid(key)].report = *std::move(report);
          return true;
        },
        // One that cannot be read is asked for again: nothing hangs on it.
        [](std::string_view, const base::Error&) {}));
    HF_TRY(const auto reserved, txn.get(kMetaTable, kSettingsKey));
    if (reserved) settings_reserved_ = base::from_decimal(*reserved).value_or(0);
    HF_TRY(const auto floor, txn.get(kMetaTable, kFloorKey));
    if (floor) floor_ = std::max(floor_, base::from_decimal(*floor).value_or(0));
    return txn.scan_past(
        kSessionTable, "",
        [&](std::string_view key, std::string_view value) {
          take_session(sync::NodeUid(key), value);
          return true;
        },
        damaged);
  }));
  settings_reserved_ = std::max(settings_reserved_, floor_);
  settings_counter_ = settings_reserved_;
  return {};
}

bool NodeBook::take(const ObjectPtr& object) {
  const sync::NodeUid uid(text_at(*object, "spec/uid"));
  const auto [at, is_new] = entries_.try_emplace(uid);
  NodeEntry& entry = at->second;
  const auto labels = labels_of(*object);
  const auto name = name_of(*object);
  const bool revoked = is_cut_off(*object);
  const bool was_pending = !is_new && truth_at(*entry.object, "spec/pending");
  const bool changed = is_new || entry.labels != labels || entry.name != name || entry.revoked != revoked ||
                       was_pending != truth_at(*object, "spec/pending");
  entry.uid = uid;
  entry.object = object;
  entry.labels = labels;
  entry.revoked = revoked;
  entry.clone = text_at(*object, "spec/clone");
  entry.fingerprint = text_at(*object, "spec/fingerprint");
  if (entry.name != name) by_name_.erase(entry.name);
  entry.name = name;
  by_name_[name] = uid;
  if (!is_new) return changed;
  if (const auto stored = stored_.extract(uid)) {
    const Stored& from = stored.mapped();
    entry.command_counter = from.command_counter;
    entry.window_told = from.window_told;
    entry.trust = from.trust;
    if (from.report) {
      if (auto snapshot = sync::decode_snapshot(from.report->snapshot))
        set_report(entry, *from.report, *std::move(snapshot));
    }
  }
  return true;
}

void NodeBook::drop(const sync::NodeUid& uid) {
  const auto found = entries_.find(uid);
  if (found == entries_.end()) return;
  if (const auto named = by_name_.find(found->second.name); named != by_name_.end() && named->second == uid)
    by_name_.erase(named);
  entries_.erase(found);
}

Status NodeBook::forget(const sync::NodeUid& uid) {
  stored_.erase(uid);
  return store_.write([&](sync::WriteTxn& txn) -> Status {
    HF_CHECK(txn.erase(kReportTable, uid.str()));
    return txn.erase(kSessionTable, uid.str());
  });
}

NodeEntry* NodeBook::find(const sync::NodeUid& uid) {
  const auto found = entries_.find(uid);
  return found == entries_.end() ? nullptr : &found->second;
}

const NodeEntry* NodeBook::find(const sync::NodeUid& uid) const {
  const auto found = entries_.find(uid);
  return found == entries_.end() ? nullptr : &found->second;
}

NodeEntry* NodeBook::find_by_name(std::string_view name) {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : find(found->second);
}

const NodeEntry* NodeBook::find_by_name(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : find(found->second);
}

Result<bool> NodeBook::take_report(NodeEntry& entry, const sync::SnapshotReport& given) {
  sync::SnapshotReport report = given;
  if (report.snapshot.empty()) report.snapshot = entry.snapshot_bytes;
  if (report.abilities.empty()) report.abilities = entry.abilities;
  HF_TRY(auto snapshot, sync::decode_snapshot(report.snapshot));
  if (snapshot.node != entry.uid) {
    return base::fail(Code::kPermission,
                      "node " + entry.uid.str() + " sent a report in the name of " + snapshot.node.str());
  }
  if (entry.snapshot && entry.snapshot_bytes == report.snapshot && entry.abilities == report.abilities)
    return false;
  set_report(entry, report, std::move(snapshot));
  entry.report_is_stored = false;
  return true;
}

Status NodeBook::save_session(const NodeEntry& entry) {
  return sync::write_one(store_, kSessionTable, entry.uid.str(), encode_session(entry));
}

Result<std::uint64_t> NodeBook::next_command(NodeEntry& entry) {
  entry.command_counter = std::max(entry.command_counter, floor_) + 1;
  HF_CHECK(save_session(entry));
  return entry.command_counter;
}

Result<std::uint64_t> NodeBook::next_settings() {
  if (settings_counter_ >= settings_reserved_) {
    const std::uint64_t next = settings_counter_ + kSettingsReserved;
    HF_CHECK(sync::write_one(store_, kMetaTable, kSettingsKey, base::to_decimal(next)));
    settings_reserved_ = next;
  }
  return ++settings_counter_;
}

bool NodeBook::note_trust(NodeEntry& entry, std::uint64_t version) {
  if (entry.trust == version) return false;
  entry.trust = version;
  entry.session_is_stored = false;
  return true;
}

void NodeBook::note_paced(NodeEntry& entry, std::chrono::milliseconds window) {
  const bool is_known = window == base::limits::kReconnectWindowMin || window == entry.window_told;
  if (is_known) return;
  entry.window_told = window;
  entry.session_is_stored = false;
}

std::vector<sync::NodeUid> NodeBook::unclaimed() const {
  std::vector<sync::NodeUid> out;
  out.reserve(stored_.size());
  for (const auto& [uid, stored] : stored_) out.push_back(uid);
  return out;
}

bool NodeBook::is_dirty() const {
  return std::ranges::any_of(entries_, [](const auto& item) {
    return !item.second.report_is_stored || !item.second.session_is_stored;
  });
}

Status NodeBook::write_dirty(sync::WriteTxn& txn) const {
  for (const auto& [uid, entry] : entries_) {
    if (!entry.session_is_stored) HF_CHECK(txn.put(kSessionTable, uid.str(), encode_session(entry)));
    if (entry.report_is_stored) continue;
    HF_CHECK(txn.put(kReportTable, uid.str(),
                     sync::encode(sync::SnapshotReport{entry.snapshot_bytes, entry.abilities}).body));
  }
  return {};
}

void NodeBook::mark_clean() {
  for (auto& [uid, entry] : entries_) entry.report_is_stored = entry.session_is_stored = true;
}

std::map<std::string, std::string> fact_labels(const std::map<std::string, std::string>& facts) {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : facts) {
    const std::string key = std::string(gitops::kFactLabelPrefix) + name;
    if (sync::check_label_key(key) && sync::check_label_value(value)) out.emplace(key, value);
  }
  return out;
}

}  // namespace holdfast::hub
