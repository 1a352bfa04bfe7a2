// SPDX-License-Identifier: Apache-2.0
// LmdbStore: the Store seam over LMDB. One file (and "<path>-lock", "<path>-owner" beside it), one
// environment for a path in a process, fsync at every commit, the map grown when it is full. docs/store.md
// gives the bytes. Nothing here ever answers damage with emptiness: a file that cannot be opened is an error,
// and it is set aside only by set_aside_store(), which the caller decides to call.
// Threads: any; writers take turns, readers see the last commit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/limits/store.hpp"
#include "base/result.hpp"
#include "sync/store/record.hpp"
#include "sync/store/store.hpp"

namespace holdfast::sync {

/// Always there; "schema" in it belongs to the store, other keys to whoever opened it.
inline constexpr Table kMetaTable{"meta"};

enum class StoreAccess {
  kExclusive,  ///< the program that owns the file: read and write; a second one is refused by name
  kReadOnly,   ///< a look from beside, also while the owner runs; never makes a file
};

/// A release reads `oldest` to `newest` and makes new stores as `fresh` (the one before, until its update is
/// committed).
struct StoreSchema {
  std::uint32_t oldest = 1;
  std::uint32_t newest = 1;
  std::uint32_t fresh = 1;
};

struct LmdbOptions {
  std::string path;  ///< the data file; its folder exists
  std::vector<Table> tables;
  StoreAccess access = StoreAccess::kExclusive;
  StoreSchema schema{};
  RecordKey record_key = kPublicRecordKey;  ///< a record by another one is kCorrupt
  std::size_t bytes_initial = base::limits::kStoreBytesInitial;
  std::size_t bytes_max = base::limits::kStoreBytesMax;
};

class LmdbStore final : public Store {
 public:
  /// kConflict: another process (named) or this one has it open. kCorrupt: damaged. kTooNew: made by a newer
  /// release. kUnsupported: older than `schema.oldest`. kNotFound: nothing there to read.
  /// On a read-only file system it opens for reading, and every write is kNoSpace.
  static base::Result<std::unique_ptr<LmdbStore>> open(const LmdbOptions& options);
  ~LmdbStore() override;
  LmdbStore(const LmdbStore&) = delete;
  LmdbStore& operator=(const LmdbStore&) = delete;

  base::Status read(const std::function<base::Status(ReadTxn&)>& work) override;
  base::Status write(const std::function<base::Status(WriteTxn&)>& work) override;

  std::uint32_t schema() const;
  /// Part of a migration: in the same transaction as the records it rewrote.
  static base::Status set_schema(WriteTxn& txn, std::uint32_t schema);
  bool read_only() const;
  /// What a write met first that the file's damage refused: nothing more can be stored before it is set aside.
  std::optional<base::Error> damage() const;

 private:
  struct State;
  explicit LmdbStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Walks every page and record of the file, in a child process because a damaged page can crash its reader.
/// Call it before open(). kCorrupt names the first damaged place; a file that is not there is kNotFound.
base::Status check_store(const std::string& path, const RecordKey& by = kPublicRecordKey);

/// One moment of a store, also while its owner runs, as a new file `to`, durable when it returns. Nothing is checked: call
/// check_store(to). kConflict: `to` is there. kCorrupt, kNoSpace, kIo: nothing is left of it.
/// REQUIRES: this process does not have the store open.
base::Status copy_store(const std::string& path, const std::string& to);

/// Renames the file to "<path>.corrupt-<n>" and returns that name. kConflict while somebody has it open.
base::Result<std::string> set_aside_store(const std::string& path);

}  // namespace holdfast::sync
