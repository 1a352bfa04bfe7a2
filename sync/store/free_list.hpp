// SPDX-License-Identifier: Apache-2.0
// The list of pages that an LMDB file may use again. LMDB reads it only to write, so that damage in it lets everything be
// read and nothing be stored; here it is read as a whole, as a table is. It is small: 8 bytes for a page.
// Threads: that of the transaction.
#pragma once

#include <lmdb.h>

#include <string>
#include <vector>

#include "base/result.hpp"

namespace holdfast::sync {

/// Whether a page may be used again, by its number; as many as the file has in use.
using FreePages = std::vector<bool>;

/// kCorrupt names `path` and the entry that makes no sense. LMDB trusts its pages, so that a damaged one may end the process.
/// REQUIRES: `txn` only reads.
base::Result<FreePages> read_free_list(MDB_txn* txn, const std::string& path);

}  // namespace holdfast::sync
