// SPDX-License-Identifier: Apache-2.0
// The Store seam: named tables of byte keys and values in one durable, transactional file. Real:
// sync/store/lmdb_store.hpp. Fake: sync/store/fake_store.hpp (memory; loses unsynced writes, fills up).
// A value comes back only if its checksum holds (kCorrupt names table and key otherwise). Keys have 1 to
// limits::kStoreKeyBytesMax bytes; no room, a full limit and a read-only disk are all kNoSpace.
// Threads: any; writers take turns. Closures must not call the same store again.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::sync {

/// A table's name; the full list is given when the store is opened.
struct Table {
  std::string_view name;
  auto operator<=>(const Table&) const = default;
};

class ReadTxn {
 public:
  virtual ~ReadTxn() = default;
  virtual base::Result<std::optional<std::string>> get(Table table, std::string_view key) = 0;
  /// In key order, keys that start with `prefix`; stops when `each` returns false. The views live only
  /// during the call.
  using Each = std::function<bool(std::string_view key, std::string_view value)>;
  /// A damaged record (kCorrupt) ends it, or goes to `damaged`, and the scan goes on.
  using Damaged = std::function<void(std::string_view key, const base::Error& error)>;
  base::Status scan(Table table, std::string_view prefix, const Each& each) {
    return scan_past(table, prefix, each, {});
  }
  virtual base::Status scan_past(Table table, std::string_view prefix, const Each& each,
                                 const Damaged& damaged) = 0;
};

class WriteTxn : public ReadTxn {
 public:
  virtual base::Status put(Table table, std::string_view key, std::string_view value) = 0;
  /// Success when it is not there.
  virtual base::Status erase(Table table, std::string_view key) = 0;
};

class Store {
 public:
  virtual ~Store() = default;
  virtual base::Status read(const std::function<base::Status(ReadTxn&)>& work) = 0;
  /// Commits, durably, when `work` succeeds; leaves everything as it was when it fails. `work` may be run
  /// again from the start (the file had to grow): it sets what it captures, it does not add to it.
  virtual base::Status write(const std::function<base::Status(WriteTxn&)>& work) = 0;
};

/// One value; kNotFound is nullopt.
base::Result<std::optional<std::string>> read_one(Store& store, Table table, std::string_view key);
base::Status write_one(Store& store, Table table, std::string_view key, std::string_view value);

}  // namespace holdfast::sync
