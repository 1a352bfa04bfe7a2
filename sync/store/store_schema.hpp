// SPDX-License-Identifier: Apache-2.0
// The schema record of a store: table "meta", key "schema", payload "HFST" and a 32-bit number,
// little-endian. A number that is too high is a newer release's file, never damage: so it reads without a key.
// Threads: as the transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "sync/store/lmdb_store.hpp"

namespace holdfast::sync {

/// By which a record is checked: `own`, or what every release knows.
const RecordKey& record_key_of(std::string_view table, std::string_view key, const RecordKey& own);

/// Nothing when there is no record: a new store.
base::Result<std::optional<std::uint32_t>> read_schema(ReadTxn& txn);
base::Status put_schema(WriteTxn& txn, std::uint32_t schema);
base::Status check_schema(std::optional<std::uint32_t> found, const StoreSchema& known,
                          const std::string& path);

}  // namespace holdfast::sync
