// SPDX-License-Identifier: Apache-2.0
// The agent's store as a file: opened, and rescued where it is damaged. What still reads is copied into a new store
// beside the damaged one, and only when that is whole and on the disk do they change names. So there is no moment at
// which a kill leaves an empty store that looks like a sound one: the next start rescues again, or ends what was begun.
// Threads: one.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "sync/store/lmdb_store.hpp"

namespace holdfast::edge_agent {

/// What is known of the agent that had the store before.
enum class LastEnd {
  kInOrder,
  kCrashed,    ///< the store may be why: it is read once in a child before it is opened
  kDamaged,    ///< a write found the store damaged: it is rescued without another look
  kWithStore,  ///< it ran, so that there must be a store: one that is missing is lost, not new
};
/// `path`: the data file. Ends a rescue that was interrupted; begins one where the file is damaged, or empty, or where the
/// key of its records (store_key.hpp) is lost.
base::Result<std::unique_ptr<sync::LmdbStore>> open_agent_store(const std::string& path,
                                                                LastEnd last = LastEnd::kInOrder);

/// A look from beside, also while the agent runs. kNotFound: no agent ever ran here. kCorrupt: its key is lost.
base::Result<std::unique_ptr<sync::LmdbStore>> look_into_agent_store(const std::string& path);

/// The same damage, and what ends it, for who only looks on.
base::Error with_way_out(const base::Error& damage);

/// For damage that shows only when records are read. REQUIRES: nobody has it open. `why` goes into the log.
base::Result<std::unique_ptr<sync::LmdbStore>> rescue_agent_store(const std::string& path,
                                                                  const base::Error& why);

// The steps of a rescue, in order; set_aside_store() stands between these two.

/// What still reads, and that nothing may be deleted, in "<path>.rescued".
base::Status copy_to_rescued(const std::string& path, const sync::RecordKey& key);
/// The same in a child, since LMDB trusts its pages and a damaged one can lead it anywhere. Where the damage ends the
/// child, nothing is copied.
base::Status salvage(const std::string& path, const sync::RecordKey& key);
/// Takes the place of a store that was set aside; a copy whose original is still there is nothing to trust, and goes.
base::Status end_rescue(const std::string& path);

}  // namespace holdfast::edge_agent
