// SPDX-License-Identifier: Apache-2.0
// LmdbTxn: one LMDB transaction as the Store seam's ReadTxn and WriteTxn. It ends without a commit unless
// commit() succeeded.
// Threads: the one that began it.
#pragma once

#include <lmdb.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/handle.hpp"
#include "base/result.hpp"
#include "sync/store/record.hpp"
#include "sync/store/store.hpp"

namespace holdfast::sync {

/// Tables that the file holds; one that a reader from beside lacks reads as empty.
using LmdbTables = std::map<std::string, std::optional<MDB_dbi>, std::less<>>;

class LmdbTxn final : public WriteTxn {
 public:
  enum class Mode { kRead, kWrite };
  /// `by`: the key of its records.
  LmdbTxn(MDB_txn* txn, const LmdbTables& tables, const RecordKey& by, Mode mode)
      : txn_(txn), tables_(tables), by_(by), mode_(mode) {}

  base::Result<std::optional<std::string>> get(Table table, std::string_view key) override;
  base::Status scan_past(Table table, std::string_view prefix, const Each& each,
                         const Damaged& damaged) override;
  base::Status put(Table table, std::string_view key, std::string_view value) override;
  base::Status erase(Table table, std::string_view key) override;

  /// The map was too small for a put or erase, whatever the closure made of that error.
  bool map_full() const { return map_full_; }
  /// What LMDB first refused, where it did because the file is damaged; what follows in the transaction follows from that.
  const std::optional<base::Error>& damage() const { return damage_; }
  int commit();

 private:
  struct Found;
  base::Result<std::optional<MDB_dbi>> dbi(Table table) const;
  base::Status changed(int rc, Table table, std::string_view key);
  base::Status noted(int rc, Table table, std::string_view key);
  void give_back(std::string_view record) const;
  base::Status show(Table table, const Found& found, const Each& each, const Damaged& damaged, bool& more);

  base::Handle<MDB_txn, mdb_txn_abort> txn_;
  const LmdbTables& tables_;
  const RecordKey& by_;
  Mode mode_;
  bool map_full_ = false;
  bool failed_ = false;
  std::optional<base::Error> damage_;
};

}  // namespace holdfast::sync
