// SPDX-License-Identifier: Apache-2.0
#include "sync/store/free_list.hpp"

#include <cstdint>
#include <cstring>
#include <limits>

#include "base/handle.hpp"
#include "sync/store/lmdb_error.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;
using base::Status;

namespace {

// As LMDB has them; mdb_stat reads the list in the same way.
constexpr MDB_dbi kFreeList = 0;
constexpr std::size_t kFirstPage = 2;  // after the two that say where everything is
using Word = std::size_t;              // a transaction's or page's number, and how many pages follow

Word word_at(const MDB_val& value, std::size_t index) {
  Word out = 0;
  std::memcpy(&out, static_cast<const char*>(value.mv_data) + index * sizeof(Word), sizeof(Word));
  return out;
}

/// An entry is what one transaction gave free: how many pages, then their numbers, falling.
Status add_entry(const MDB_val& entry, const std::string& what, FreePages& pages) {
  const std::size_t room = entry.mv_size / sizeof(Word);
  const Word count = room == 0 ? 0 : word_at(entry, 0);
  if (room == 0 || count > room - 1) return fail(Code::kCorrupt, what + " does not have its length");
  Word last = std::numeric_limits<Word>::max();
  for (std::size_t i = 1; i <= count; ++i) {
    const Word page = word_at(entry, i);
    const auto name = [&] { return what + ": page " + std::to_string(page); };
    if (page < kFirstPage || page >= pages.size())
      return fail(Code::kCorrupt, name() + " is none of the file");
    if (page >= last) return fail(Code::kCorrupt, name() + " is out of order");
    if (pages[page]) return fail(Code::kCorrupt, name() + " is in it twice");
    pages[page] = true;
    last = page;
  }
  return {};
}

}  // namespace

base::Result<FreePages> read_free_list(MDB_txn* txn, const std::string& path) {
  const std::string what = path + ": the list of free pages";
  MDB_envinfo info{};
  HF_CHECK(lmdb_status(mdb_env_info(mdb_txn_env(txn), &info), what));
  MDB_cursor* raw = nullptr;
  HF_CHECK(lmdb_status(mdb_cursor_open(txn, kFreeList, &raw), what));
  const base::Handle<MDB_cursor, mdb_cursor_close> cursor(raw);
  FreePages pages(info.me_last_pgno + 1);
  MDB_val key{};
  MDB_val entry{};
  int rc = 0;
  Word last = 0;
  while ((rc = mdb_cursor_get(raw, &key, &entry, MDB_NEXT)) == MDB_SUCCESS) {
    const Word freed_by = key.mv_size == sizeof(Word) ? word_at(key, 0) : 0;
    if (freed_by <= last || freed_by > mdb_txn_id(txn))
      return fail(Code::kCorrupt, what + ": keys out of order");
    last = freed_by;
    HF_CHECK(add_entry(entry, what + ", entry " + std::to_string(freed_by), pages));
  }
  if (rc != MDB_NOTFOUND) return fail(lmdb_error(rc, what));
  return pages;
}

}  // namespace holdfast::sync
