// SPDX-License-Identifier: Apache-2.0
#include "sync/store/lmdb_store.hpp"

#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>

#include "base/handle.hpp"
#include "sync/store/free_list.hpp"
#include "sync/store/lmdb_error.hpp"
#include "sync/store/lmdb_txn.hpp"
#include "sync/store/store_file.hpp"
#include "sync/store/store_owner.hpp"
#include "sync/store/store_schema.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;
using base::Status;

namespace {

using Env = base::Handle<MDB_env, mdb_env_close>;

// A grown map is written ahead by at most this much, so that a large store does not double on disk at once.
constexpr std::size_t kPreallocateMax = std::size_t{64} << 20U;
constexpr int kRunsMax = 64;  // a map that doubles from one page to the largest has fewer

base::Result<Env> make_env(const LmdbOptions& options) {
  MDB_env* raw = nullptr;
  HF_CHECK(lmdb_status(mdb_env_create(&raw), options.path));
  Env env(raw);
  HF_CHECK(
      lmdb_status(mdb_env_set_maxdbs(raw, static_cast<MDB_dbi>(options.tables.size() + 1)), options.path));
  struct stat info{};
  const std::size_t there =
      ::stat(options.path.c_str(), &info) == 0 ? static_cast<std::size_t>(info.st_size) : 0;
  const std::size_t size = round_to_page(std::min(std::max(there, options.bytes_initial), options.bytes_max));
  HF_CHECK(lmdb_status(mdb_env_set_mapsize(raw, size), options.path));
  return env;
}

// Every page that the file speaks of must be in it: a read of the map behind its end would kill the process.
Status check_length(MDB_env* env, const std::string& path) {
  MDB_envinfo info{};
  MDB_stat stat{};
  HF_CHECK(lmdb_status(mdb_env_info(env, &info), path));
  HF_CHECK(lmdb_status(mdb_env_stat(env, &stat), path));
  int fd = -1;
  HF_CHECK(lmdb_status(mdb_env_get_fd(env, &fd), path));
  struct stat file{};
  if (::fstat(fd, &file) != 0) return fail(base::Error::from_errno(errno, path));
  const auto pages = static_cast<std::uint64_t>(file.st_size) / std::max(stat.ms_psize, 1U);
  if (info.me_last_pgno >= pages) {
    return fail(Code::kCorrupt, path + ": the file was cut off: it has " + std::to_string(pages) +
                                    " pages and speaks of " + std::to_string(info.me_last_pgno + 1));
  }
  return {};
}

// Damage in what only writing reads must not wait for the first write: whoever opened the store would hold for sound what
// can never be changed again.
Status check_writable(MDB_env* env, const std::string& path) {
  MDB_txn* raw = nullptr;
  HF_CHECK(lmdb_status(mdb_txn_begin(env, nullptr, MDB_RDONLY, &raw), path));
  const base::Handle<MDB_txn, mdb_txn_abort> txn(raw);
  return read_free_list(raw, path).map([](const auto&) {});
}

}  // namespace

struct LmdbStore::State {
  LmdbOptions options;
  StoreOwner owner;
  // Held shared around every transaction and alone while the map grows, which LMDB does not allow beside one.
  std::shared_mutex map;
  bool read_only = false;
  std::uint32_t schema = 0;
  LmdbTables tables;
  Env env;
  std::mutex damage_lock;
  std::optional<base::Error> damage;

  Status open_env(unsigned flags);
  Status open_any();
  Status begin(unsigned flags, MDB_txn** txn);
  Status adopt_larger_map();
  Status grow();
  void preallocate(std::size_t bytes) const;
  void note(const base::Error& met);
  Status open_table(MDB_txn* txn, std::string_view name, bool create);
  Status open_tables();
  enum class Run { kDone, kMapFull };
  base::Result<Run> write_once(const std::function<Status(WriteTxn&)>& work);
};

Status LmdbStore::State::open_env(unsigned flags) {
  HF_TRY(env, make_env(options));
  const unsigned all = MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD | flags;
  return lmdb_status(mdb_env_open(env.get(), options.path.c_str(), all, 0600), options.path);
}

Status LmdbStore::State::open_any() {
  read_only = options.access == StoreAccess::kReadOnly;
  auto opened = open_env(read_only ? MDB_RDONLY : 0U);
  if (!opened && !read_only && opened.error().code() == Code::kNoSpace) {
    // A read-only file system: workloads must still be known from what is stored.
    read_only = true;
    opened = open_env(MDB_RDONLY);
  }
  if (!opened) return opened;
  close_on_exec(options.path);
  close_on_exec(options.path + "-lock");
  int cleared = 0;
  mdb_reader_check(env.get(), &cleared);  // slots of readers that were killed
  HF_CHECK(check_length(env.get(), options.path));
  if (read_only) return {};
  HF_CHECK(check_writable(env.get(), options.path));
  preallocate(options.bytes_initial);
  return {};
}

// A file that already has its blocks commits without changing its size, and a full disk is met now, not
// later. Not done is no error: some file systems cannot, and a full disk must not keep a node from starting.
void LmdbStore::State::preallocate(std::size_t bytes) const {
  int fd = -1;
  if (mdb_env_get_fd(env.get(), &fd) != MDB_SUCCESS) return;
  if (::fallocate(fd, 0, 0, static_cast<off_t>(std::min(bytes, options.bytes_max))) != 0) return;
}

Status LmdbStore::State::begin(unsigned flags, MDB_txn** txn) {
  const int rc = mdb_txn_begin(env.get(), nullptr, flags, txn);
  if (rc == MDB_READERS_FULL) {
    int cleared = 0;
    mdb_reader_check(env.get(), &cleared);
    return lmdb_status(mdb_txn_begin(env.get(), nullptr, flags, txn), options.path);
  }
  return lmdb_status(rc, options.path);
}

Status LmdbStore::State::adopt_larger_map() {
  const std::unique_lock alone(map);
  return lmdb_status(mdb_env_set_mapsize(env.get(), 0), options.path);
}

Status LmdbStore::State::grow() {
  const std::unique_lock alone(map);
  int cleared = 0;
  mdb_reader_check(env.get(), &cleared);  // one from beside that was killed keeps pages from being used again
  MDB_envinfo info{};
  HF_CHECK(lmdb_status(mdb_env_info(env.get(), &info), options.path));
  const std::size_t larger = round_to_page(std::min(info.me_mapsize * 2, options.bytes_max));
  if (larger <= info.me_mapsize) {
    return fail(Code::kNoSpace, options.path + ": the store holds its limit of " +
                                    std::to_string(options.bytes_max) + " bytes");
  }
  HF_CHECK(lmdb_status(mdb_env_set_mapsize(env.get(), larger), options.path));
  preallocate(std::min(larger, info.me_mapsize + kPreallocateMax));
  return {};
}

Status LmdbStore::State::open_table(MDB_txn* txn, std::string_view name, bool create) {
  const std::string text(name);
  MDB_dbi dbi = 0;
  const int rc = mdb_dbi_open(txn, text.c_str(), create ? MDB_CREATE : 0U, &dbi);
  if (rc == MDB_NOTFOUND && !create) {
    tables[text] = std::nullopt;
    return {};
  }
  HF_CHECK(lmdb_status(rc, options.path + ": table " + text));
  tables[text] = dbi;
  return {};
}

// The schema is looked at before anything is made, so that a file of a newer release stays as it is.
Status LmdbStore::State::open_tables() {
  MDB_txn* raw = nullptr;
  HF_CHECK(begin(read_only ? MDB_RDONLY : 0U, &raw));
  LmdbTxn txn(raw, tables, options.record_key, read_only ? LmdbTxn::Mode::kRead : LmdbTxn::Mode::kWrite);
  HF_CHECK(open_table(raw, kMetaTable.name, false));
  HF_TRY(const auto found, read_schema(txn));
  HF_CHECK(check_schema(found, options.schema, options.path));
  HF_CHECK(open_table(raw, kMetaTable.name, !read_only));
  for (const Table table : options.tables) HF_CHECK(open_table(raw, table.name, !read_only));
  if (!found && !read_only) HF_CHECK(put_schema(txn, options.schema.fresh));
  schema = found.value_or(options.schema.fresh);
  return lmdb_status(txn.commit(), options.path);
}

base::Result<LmdbStore::State::Run> LmdbStore::State::write_once(
    const std::function<Status(WriteTxn&)>& work) {
  const std::shared_lock shared(map);
  MDB_txn* raw = nullptr;
  HF_CHECK(begin(0, &raw));
  LmdbTxn txn(raw, tables, options.record_key, LmdbTxn::Mode::kWrite);
  const Status done = work(txn);
  if (txn.map_full()) return Run::kMapFull;
  if (txn.damage()) note(*txn.damage());
  if (!done) return fail(done.error());
  const int rc = txn.commit();
  if (rc == MDB_MAP_FULL) return Run::kMapFull;
  // A disk that fills up in the middle of a write is EIO to LMDB.
  if (rc == EIO && is_disk_full(options.path))
    return fail(Code::kNoSpace, options.path + ": the disk is full");
  if (rc == MDB_SUCCESS) return Run::kDone;
  auto error = lmdb_error(rc, options.path);
  if (error.code() == Code::kCorrupt) note(error);
  return fail(std::move(error));
}

void LmdbStore::State::note(const base::Error& met) {
  const std::lock_guard alone(damage_lock);
  if (!damage) damage = met;
}

LmdbStore::LmdbStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
LmdbStore::~LmdbStore() = default;

base::Result<std::unique_ptr<LmdbStore>> LmdbStore::open(const LmdbOptions& options) {
  auto state = std::make_unique<State>();
  state->options = options;
  const bool beside = options.access == StoreAccess::kReadOnly;
  HF_TRY(state->owner, beside ? StoreOwner::claim_here(options.path) : StoreOwner::claim(options.path));
  const bool fresh = ::access(options.path.c_str(), F_OK) != 0;
  HF_CHECK(state->open_any());
  HF_CHECK(state->open_tables());
  if (fresh) HF_CHECK(sync_folder_of(options.path));
  return std::unique_ptr<LmdbStore>(new LmdbStore(std::move(state)));
}

Status LmdbStore::read(const std::function<Status(ReadTxn&)>& work) {
  for (int run = 0; run < kRunsMax; ++run) {
    {
      const std::shared_lock shared(state_->map);
      MDB_txn* raw = nullptr;
      const int rc = mdb_txn_begin(state_->env.get(), nullptr, MDB_RDONLY, &raw);
      if (rc == MDB_READERS_FULL) {
        HF_CHECK(state_->begin(MDB_RDONLY, &raw));
      } else if (rc != MDB_MAP_RESIZED) {
        HF_CHECK(lmdb_status(rc, state_->options.path));
      }
      if (raw != nullptr) {
        LmdbTxn txn(raw, state_->tables, state_->options.record_key, LmdbTxn::Mode::kRead);
        return work(txn);
      }
    }
    HF_CHECK(state_->adopt_larger_map());
  }
  return fail(Code::kUnavailable, state_->options.path + ": its owner grows it faster than it can be read");
}

Status LmdbStore::write(const std::function<Status(WriteTxn&)>& work) {
  if (state_->read_only) return fail(Code::kNoSpace, state_->options.path + " is open for reading only");
  for (int run = 0; run < kRunsMax; ++run) {
    HF_TRY(const auto ran, state_->write_once(work));
    if (ran == State::Run::kDone) return {};
    HF_CHECK(state_->grow());
  }
  return fail(Code::kNoSpace, state_->options.path + ": the transaction does not fit, however large the map");
}

std::uint32_t LmdbStore::schema() const { return state_->schema; }
Status LmdbStore::set_schema(WriteTxn& txn, std::uint32_t schema) { return put_schema(txn, schema); }
bool LmdbStore::read_only() const { return state_->read_only; }

std::optional<base::Error> LmdbStore::damage() const {
  const std::lock_guard alone(state_->damage_lock);
  return state_->damage;
}

}  // namespace holdfast::sync
