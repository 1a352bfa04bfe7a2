// SPDX-License-Identifier: Apache-2.0
#include "sync/store/fake_damage.hpp"

#include <lmdb.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <limits>

#include "base/handle.hpp"
#include "sync/store/record.hpp"

namespace holdfast::sync {

namespace {

// Where LMDB's first pages have it, with 64-bit words.
constexpr std::size_t kPageSizeAt = 40;
constexpr std::size_t kFreeListAt = 80;
constexpr std::size_t kTablesAt = 128;
constexpr std::size_t kTransactionAt = 144;
constexpr std::size_t kMetaBytes = kTransactionAt + 8;
constexpr auto kNoPage = std::numeric_limits<std::uint64_t>::max();

struct Meta {
  std::uint64_t transaction = 0;
  std::uint64_t free_list = kNoPage;
  std::uint64_t tables = kNoPage;
  std::uint32_t page_bytes = 0;
};

Meta read_meta(std::fstream& file, std::size_t at) {
  std::string bytes(kMetaBytes, '\0');
  file.seekg(static_cast<std::streamoff>(at));
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  Meta out;
  std::memcpy(&out.page_bytes, bytes.data() + kPageSizeAt, sizeof(out.page_bytes));
  std::memcpy(&out.free_list, bytes.data() + kFreeListAt, sizeof(out.free_list));
  std::memcpy(&out.tables, bytes.data() + kTablesAt, sizeof(out.tables));
  std::memcpy(&out.transaction, bytes.data() + kTransactionAt, sizeof(out.transaction));
  return out;
}

std::fstream open(const std::string& path) {
  return std::fstream(path, std::ios::in | std::ios::out | std::ios::binary);
}

Meta newer_meta(std::fstream& file) {
  const Meta first = read_meta(file, 0);
  const Meta second = read_meta(file, first.page_bytes);
  return second.transaction > first.transaction ? second : first;
}

}  // namespace

bool zero_free_list(const std::string& path) {
  std::fstream file = open(path);
  const Meta newer = newer_meta(file);
  if (!file || newer.free_list == kNoPage) return false;
  file.seekp(static_cast<std::streamoff>(newer.free_list * newer.page_bytes));
  file << std::string(newer.page_bytes, '\0');
  return file.good();
}

bool free_a_used_page(const std::string& path) {
  std::fstream file = open(path);
  const Meta newer = newer_meta(file);
  if (!file || newer.free_list == kNoPage) return false;
  // A page has a header of 16 bytes and then where its entries are; an entry has 8 bytes of sizes and 8 of key.
  std::uint16_t entry = 0;
  const auto page = static_cast<std::streamoff>(newer.free_list * newer.page_bytes);
  file.seekg(page + 16);
  file.read(reinterpret_cast<char*>(&entry), sizeof(entry));
  const std::array<std::uint64_t, 2> one{1, newer.tables};
  file.seekp(page + entry + 16);
  file.write(reinterpret_cast<const char*>(one.data()), sizeof(one));
  return file.good();
}

bool forge_record(const std::string& path, Table table, const std::string& key, const std::string& value) {
  MDB_env* env_raw = nullptr;
  if (mdb_env_create(&env_raw) != MDB_SUCCESS) return false;
  const base::Handle<MDB_env, mdb_env_close> env(env_raw);
  constexpr MDB_dbi kTablesMax = 16;
  if (mdb_env_set_maxdbs(env_raw, kTablesMax) != MDB_SUCCESS ||
      mdb_env_open(env_raw, path.c_str(), MDB_NOSUBDIR, 0600) != MDB_SUCCESS)
    return false;
  MDB_txn* txn = nullptr;
  if (mdb_txn_begin(env_raw, nullptr, 0, &txn) != MDB_SUCCESS) return false;
  MDB_dbi dbi = 0;
  std::string name = key;
  std::string record = encode_record(table.name, key, value);
  MDB_val at{name.size(), name.data()};
  MDB_val bytes{record.size(), record.data()};
  const bool is_put = mdb_dbi_open(txn, std::string(table.name).c_str(), 0, &dbi) == MDB_SUCCESS &&
                      mdb_put(txn, dbi, &at, &bytes, 0) == MDB_SUCCESS;
  if (is_put) return mdb_txn_commit(txn) == MDB_SUCCESS;
  mdb_txn_abort(txn);
  return false;
}

}  // namespace holdfast::sync
