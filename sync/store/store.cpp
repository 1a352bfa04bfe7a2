// SPDX-License-Identifier: Apache-2.0
#include "sync/store/store.hpp"

#include <utility>

namespace holdfast::sync {

base::Result<std::optional<std::string>> read_one(Store& store, Table table, std::string_view key) {
  std::optional<std::string> out;
  HF_CHECK(store.read([&](ReadTxn& txn) -> base::Status {
    HF_TRY(out, txn.get(table, key));
    return {};
  }));
  return out;
}

base::Status write_one(Store& store, Table table, std::string_view key, std::string_view value) {
  return store.write([&](WriteTxn& txn) { return txn.put(table, key, value); });
}

}  // namespace holdfast::sync
