// SPDX-License-Identifier: Apache-2.0
// The key of the store's records: a secret of this node, "<store>-key", 32 hex digits, mode 0600, made before the store
// is. By it a record shows that this agent wrote it, so that one which was written by somebody else, with the checksum
// that anybody can make, is damage and is never carried out. Outside the store, and outside node.json: what holds the
// inventory must outlive the loss of an identity.
// Threads: one.
#pragma once

#include <string>

#include "base/result.hpp"
#include "sync/store/record.hpp"

namespace holdfast::edge_agent {

struct StoreKey {
  sync::RecordKey key{};
  bool is_new = false;  ///< made now: whatever lies in the store is of another key
};
/// `path`: the store's. One that is lost is made anew, and so is what is no key, which is kept as <path>-key.corrupt. What the
/// disk does not give now is an error with the way out: it may give it later.
base::Result<StoreKey> load_or_make_store_key(const std::string& path);
/// kNotFound: no store was ever made here, or its key is lost. kCorrupt names the file.
base::Result<sync::RecordKey> load_store_key(const std::string& path);

}  // namespace holdfast::edge_agent
