// SPDX-License-Identifier: Apache-2.0
#include "sync/store/fake_store.hpp"

#include <cstdlib>
#include <ranges>

#include "base/limits/store.hpp"
#include "sync/store/lmdb_store.hpp"
#include "sync/store/record.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;
using base::Status;

namespace {

Status check_key(Table table, std::string_view key) {
  if (key.empty()) return fail(Code::kInvalid, std::string(table.name) + ": a key cannot be empty");
  if (key.size() <= base::limits::kStoreKeyBytesMax) return {};
  return fail(Code::kLimit, record_name(table.name, key) + ": the key is too long");
}

}  // namespace

class FakeStore::Txn final : public WriteTxn {
 public:
  explicit Txn(FakeStore& store) : store_(store) {}

  base::Result<std::optional<std::string>> get(Table table, std::string_view key) override {
    HF_CHECK(check_key(table, key));
    HF_TRY(const Rows* const rows, rows_of(table));
    const auto found = rows->find(key);
    if (found == rows->end()) return std::nullopt;
    HF_CHECK(check_sound(table, key));
    return found->second;
  }

  Status scan_past(Table table, std::string_view prefix, const Each& each, const Damaged& damaged) override {
    HF_TRY(const Rows* const rows, rows_of(table));
    auto at = rows->lower_bound(prefix);
    while (at != rows->end() && std::string_view(at->first).substr(0, prefix.size()) == prefix) {
      // Copies: `each` may erase what it is shown.
      const std::string key = at->first;
      const std::string value = at->second;
      const auto sound = check_sound(table, key);
      if (!sound && !damaged) return sound;
      if (!sound) damaged(key, sound.error());
      if (sound && !each(key, value)) return {};
      at = rows->upper_bound(key);
    }
    return {};
  }

  Status put(Table table, std::string_view key, std::string_view value) override {
    HF_CHECK(check_key(table, key));
    if (value.size() > base::limits::kStoreValueBytesMax) {
      return fail(Code::kLimit, record_name(table.name, key) + ": the value is too long");
    }
    return change(table, key, std::string(value));
  }

  Status erase(Table table, std::string_view key) override {
    HF_CHECK(check_key(table, key));
    return change(table, key, std::nullopt);
  }

  Undos take_undos() { return std::move(undos_); }

 private:
  base::Result<const Rows*> rows_of(Table table) const {
    const auto found = store_.tables_.find(table.name);
    if (found != store_.tables_.end()) return &found->second;
    return fail(Code::kInternal,
                "table " + std::string(table.name) + " was not named when the store was opened");
  }

  Status check_sound(Table table, std::string_view key) const {
    if (store_.damaged_.empty() || !store_.damaged_.contains({std::string(table.name), std::string(key)}))
      return {};
    return fail(Code::kCorrupt,
                record_name(table.name, key) + ": the stored record does not match its checksum");
  }

  Status change(Table table, std::string_view key, std::optional<std::string> value) {
    HF_TRY(const Rows* const rows, rows_of(table));
    const auto found = rows->find(key);
    if (found == rows->end() && !value) return {};
    auto before = found == rows->end() ? std::nullopt : std::optional(found->second);
    undos_.push_back({std::string(table.name), std::string(key), std::move(before)});
    store_.set(undos_.back().table, key, std::move(value));
    return {};
  }

  FakeStore& store_;
  Undos undos_;
};

FakeStore::FakeStore(const std::vector<Table>& tables) {
  tables_.emplace(kMetaTable.name, Rows{});
  for (const Table table : tables) tables_.emplace(table.name, Rows{});
}

void FakeStore::set(const std::string& table, std::string_view key, std::optional<std::string> value) {
  Rows& rows = tables_[table];
  if (value) {
    rows.insert_or_assign(std::string(key), *std::move(value));
  } else {
    rows.erase(std::string(key));
  }
  if (!damaged_.empty()) damaged_.erase({table, std::string(key)});
}

void FakeStore::roll_back(const Undos& undos) {
  for (const auto& undo : std::views::reverse(undos)) set(undo.table, undo.key, undo.before);
}

Status FakeStore::available() const {
  if (busy_) std::abort();  // a closure called its own store: LMDB would hang
  if (crashed_) return fail(Code::kIo, "the machine is down");
  return {};
}

Status FakeStore::read(const std::function<Status(ReadTxn&)>& work) {
  HF_CHECK(available());
  Txn txn(*this);
  busy_ = true;
  Status status = work(txn);
  busy_ = false;
  return status;
}

Status FakeStore::write(const std::function<Status(WriteTxn&)>& work) {
  HF_CHECK(available());
  if (read_only_) return fail(Code::kNoSpace, "the store is open for reading only");
  Txn txn(*this);
  busy_ = true;
  const Status status = work(txn);
  busy_ = false;
  Undos undos = txn.take_undos();
  if (!status || crashed_) {
    roll_back(undos);
    return status ? fail(Code::kIo, "the machine is down") : status;
  }
  if (undos.empty()) return {};  // as LMDB: a commit without a change writes nothing
  return commit(std::move(undos));
}

Status FakeStore::commit(Undos undos) {
  const AtCommit how = decide_ ? decide_() : AtCommit::kCommit;
  if (how == AtCommit::kCrashBefore) {
    roll_back(undos);
    crash();
    return fail(Code::kIo, "the machine is down");
  }
  if (commits_left_ && *commits_left_ == 0) {
    roll_back(undos);
    return fail(Code::kNoSpace, "the disk is full");
  }
  if (commits_left_) --*commits_left_;
  ++commits_;
  if (lose_unsynced_) unsynced_.push_back(std::move(undos));
  if (how == AtCommit::kCommit) return {};
  crash();
  return fail(Code::kIo, "the machine is down");
}

void FakeStore::crash() {
  crashed_ = true;
  for (const auto& undos : std::views::reverse(unsynced_)) roll_back(undos);
  unsynced_.clear();
}

void FakeStore::damage(Table table, std::string_view key) {
  damaged_.emplace(std::string(table.name), std::string(key));
}

}  // namespace holdfast::sync
