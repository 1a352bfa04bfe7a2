// SPDX-License-Identifier: Apache-2.0
#include "sync/store/lmdb_txn.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

#include "base/limits/store.hpp"
#include "sync/store/lmdb_error.hpp"
#include "sync/store/store_schema.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;

namespace {

namespace limits = base::limits;

// LMDB's value type is not const; it never writes through it.
MDB_val value_of(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }
std::string_view view_of(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

base::Status check_key(Table table, std::string_view key) {
  if (key.empty()) return fail(Code::kInvalid, std::string(table.name) + ": a key cannot be empty");
  if (key.size() > limits::kStoreKeyBytesMax) {
    return fail(Code::kLimit, record_name(table.name, key) + ": a key has at most " +
                                  std::to_string(limits::kStoreKeyBytesMax) + " bytes, this one has " +
                                  std::to_string(key.size()));
  }
  return {};
}

base::Status check_value(Table table, std::string_view key, std::string_view value) {
  if (value.size() <= limits::kStoreValueBytesMax) return {};
  return fail(Code::kLimit, record_name(table.name, key) + ": a value has at most " +
                                std::to_string(limits::kStoreValueBytesMax) + " bytes, this one has " +
                                std::to_string(value.size()));
}

}  // namespace

struct LmdbTxn::Found {
  std::string_view key;
  std::string_view record;
};

base::Result<std::optional<MDB_dbi>> LmdbTxn::dbi(Table table) const {
  const auto found = tables_.find(table.name);
  if (found == tables_.end()) {
    return fail(Code::kInternal,
                "table " + std::string(table.name) + " was not named when the store was opened");
  }
  return found->second;
}

base::Result<std::optional<std::string>> LmdbTxn::get(Table table, std::string_view key) {
  HF_CHECK(check_key(table, key));
  HF_TRY(const auto handle, dbi(table));
  if (!handle) return std::nullopt;
  MDB_val wanted = value_of(key);
  MDB_val found{};
  const int rc = mdb_get(txn_.get(), *handle, &wanted, &found);
  if (rc == MDB_NOTFOUND) return std::nullopt;
  HF_CHECK(noted(rc, table, key));
  HF_TRY(const auto payload,
         decode_record(table.name, key, view_of(found), record_key_of(table.name, key, by_)));
  std::string out(payload);
  give_back(view_of(found));
  return out;
}

/// What was read of the map counts as this process's memory until it is given back; the kernel keeps it, and reads it anew.
/// Not where records may lie in memory of their own, which a closure that writes has changed.
void LmdbTxn::give_back(std::string_view record) const {
  if (mode_ != Mode::kRead || record.size() < limits::kStoreGivenBackBytesMin) return;
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<std::uintptr_t>(record.data()) + page - 1) / page * page;
  const auto end = reinterpret_cast<std::uintptr_t>(record.data() + record.size()) / page * page;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

// A closure that writes may move the page that a view looks at: it gets a copy.
base::Status LmdbTxn::show(Table table, const Found& found, const Each& each, const Damaged& damaged,
                           bool& more) {
  const auto payload =
      decode_record(table.name, found.key, found.record, record_key_of(table.name, found.key, by_));
  if (!payload && !damaged) return fail(payload.error());
  if (!payload)
    damaged(found.key, payload.error());
  else
    more = mode_ == Mode::kRead ? each(found.key, *payload) : each(found.key, std::string(*payload));
  give_back(found.record);
  return {};
}

// Every step looks for the key after the last one anew, so that `each` may put and erase.
base::Status LmdbTxn::scan_past(Table table, std::string_view prefix, const Each& each,
                                const Damaged& damaged) {
  HF_TRY(const auto handle, dbi(table));
  if (!handle) return {};
  MDB_cursor* raw = nullptr;
  HF_CHECK(lmdb_status(mdb_cursor_open(txn_.get(), *handle, &raw), table.name));
  const base::Handle<MDB_cursor, mdb_cursor_close> cursor(raw);

  std::string last(prefix);
  bool more = true;
  for (bool first = true; more; first = false) {
    MDB_val key = value_of(last);
    MDB_val record{};
    int rc = mdb_cursor_get(raw, &key, &record, last.empty() ? MDB_FIRST : MDB_SET_RANGE);
    if (rc == MDB_SUCCESS && !first && view_of(key) == last)
      rc = mdb_cursor_get(raw, &key, &record, MDB_NEXT);
    if (rc == MDB_NOTFOUND) return {};
    HF_CHECK(lmdb_status(rc, table.name));
    if (view_of(key).substr(0, prefix.size()) != prefix) return {};
    last = view_of(key);
    HF_CHECK(show(table, {last, view_of(record)}, each, damaged, more));
  }
  return {};
}

base::Status LmdbTxn::changed(int rc, Table table, std::string_view key) {
  map_full_ = map_full_ || rc == MDB_MAP_FULL;
  return noted(rc, table, key);
}

// After the first failure LMDB refuses all else in the transaction as it refuses damage.
base::Status LmdbTxn::noted(int rc, Table table, std::string_view key) {
  if (rc == MDB_SUCCESS) return {};
  auto error = lmdb_error(rc, record_name(table.name, key));
  if (!failed_ && error.code() == Code::kCorrupt) damage_ = error;
  failed_ = true;
  return fail(std::move(error));
}

base::Status LmdbTxn::put(Table table, std::string_view key, std::string_view value) {
  HF_CHECK(check_key(table, key));
  HF_CHECK(check_value(table, key, value));
  HF_TRY(const auto handle, dbi(table));
  // Before there are pages for it: what is hashed is a copy.
  const auto checksum = record_checksum(table.name, key, value, record_key_of(table.name, key, by_));
  MDB_val to = value_of(key);
  MDB_val room{record_bytes(value), nullptr};
  const int rc = mdb_put(txn_.get(), handle.value(), &to, &room, MDB_RESERVE);
  if (rc == MDB_SUCCESS) write_record(static_cast<char*>(room.mv_data), value, checksum);
  return changed(rc, table, key);
}

base::Status LmdbTxn::erase(Table table, std::string_view key) {
  HF_CHECK(check_key(table, key));
  HF_TRY(const auto handle, dbi(table));
  MDB_val which = value_of(key);
  const int rc = mdb_del(txn_.get(), handle.value(), &which, nullptr);
  return changed(rc == MDB_NOTFOUND ? MDB_SUCCESS : rc, table, key);
}

// LMDB frees the transaction whether or not the commit succeeds.
int LmdbTxn::commit() { return mdb_txn_commit(txn_.release()); }

}  // namespace holdfast::sync
