// SPDX-License-Identifier: Apache-2.0
#include "hub/application_book.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "hub/json_path.hpp"
#include "hub/tables.hpp"

namespace holdfast::hub {

using base::Json;
using base::Status;

namespace {

/// What a person or Git says, without what the hub writes.
Json said(const Json& object) {
  Json out = object;
  out.erase("status");
  out["metadata"].erase("resourceVersion");
  return out;
}

}  // namespace

bool ApplicationEntry::is_deleting() const { return is_being_deleted(*object); }

bool ApplicationEntry::prunes_when_deleted() const {
  const Json* finalizers = find_at(*object, "metadata/finalizers");
  return finalizers != nullptr &&
         std::ranges::find(*finalizers, Json(kResourcesFinalizer)) != finalizers->end();
}

std::string ApplicationEntry::pinned() const {
  const auto annotations = annotations_of(*object);
  const auto found = annotations.find(std::string(kAnnotationPinned));
  return found == annotations.end() ? "" : found->second;
}

std::string brief(const sync::Revision& revision) { return revision.str().substr(0, 10); }

Status ApplicationBook::load() {
  std::optional<base::Error> bad;
  HF_CHECK(store_.read([&](sync::ReadTxn& txn) {
    return txn.scan(kApplicationTable, "", [&](std::string_view key, std::string_view value) {
      auto record = decode_record(value);
      if (!record) {
        bad = base::Error(base::Code::kCorrupt,
                          "record of application " + std::string(key) + ": " + record.error().message());
        return false;
      }
      records_.insert_or_assign(sync::ApplicationUid(key), *std::move(record));
      return true;
    });
  }));
  if (bad) return base::fail(*std::move(bad));
  return {};
}

bool ApplicationBook::take(const ObjectPtr& object) {
  const sync::ApplicationUid uid(uid_of(*object));
  const auto [at, is_new] = entries_.try_emplace(uid);
  ApplicationEntry& entry = at->second;
  const bool changed = is_new || said(*entry.object) != said(*object);
  entry.object = object;
  if (!changed) return false;
  entry.uid = uid;
  entry.name = name_of(*object);
  if (auto spec = gitops::parse_application_spec(said(*object))) {
    entry.spec = *std::move(spec);
    entry.spec_is_good = true;
  } else {
    // It was checked when it was written: a newer release may have written more than this one knows.
    entry.spec_is_good = false;
    entry.conditions[std::string(kInvalidManifest)] = spec.error().message();
  }
  if (is_new) {
    if (auto record = records_.extract(uid)) entry.record = std::move(record.mapped());
    entry.record.name = entry.name;
  }
  return true;
}

void ApplicationBook::drop(const sync::ApplicationUid& uid) { entries_.erase(uid); }

Status ApplicationBook::save(ApplicationEntry& entry, const ApplicationRecord& record) {
  HF_CHECK(sync::write_one(store_, kApplicationTable, entry.uid.str(), encode_record(record)));
  entry.record = record;
  return {};
}

Status ApplicationBook::forget(const sync::ApplicationUid& uid) {
  records_.erase(uid);
  return store_.write([&](sync::WriteTxn& txn) { return txn.erase(kApplicationTable, uid.str()); });
}

ApplicationEntry* ApplicationBook::find(const sync::ApplicationUid& uid) {
  const auto found = entries_.find(uid);
  return found == entries_.end() ? nullptr : &found->second;
}

const ApplicationEntry* ApplicationBook::find(const sync::ApplicationUid& uid) const {
  const auto found = entries_.find(uid);
  return found == entries_.end() ? nullptr : &found->second;
}

ApplicationEntry* ApplicationBook::find_by_name(std::string_view name) {
  for (auto& [uid, entry] : entries_) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

const ApplicationEntry* ApplicationBook::find_by_name(std::string_view name) const {
  for (const auto& [uid, entry] : entries_) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

std::set<std::string> ApplicationBook::urls() const {
  std::set<std::string> out;
  for (const auto& [uid, entry] : entries_) {
    if (!entry.is_deleting() && entry.spec_is_good) out.insert(entry.spec.source.repo_url);
  }
  return out;
}

}  // namespace holdfast::hub
