// SPDX-License-Identifier: Apache-2.0
// Recovery: a hub of a fleet that is there already, when what the old one knew is gone: its store alone, or all of it but
// the recovery key. The new one begins above every generation and counter of the old, without knowing them, and takes
// nodes back for a while (hub/readmission.hpp). For a hub that does not run. The store is made last: killed before,
// the same may be typed again.
// Threads: a program that does nothing else.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/limits/hub.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "hub/data_folder.hpp"
#include "sync/model/ids.hpp"
#include "sync/store/lmdb_store.hpp"

namespace holdfast::hub {

/// What a recovered hub goes by, kept in DataFolder::recovered_file(). One that never lost anything has the defaults.
struct Recovered {
  /// Seconds since 1970 when it was recovered: epochs and counters that were counted up are lower. The lowest epoch of
  /// desired states, and what the counters of commands and settings begin at.
  std::uint64_t floor = 0;
  base::WallTime readmit_until{};
  std::set<sync::NodeUid> except;  ///< are not taken back
  bool operator==(const Recovered&) const = default;
};
std::string encode_recovered(const Recovered& recovered);
base::Result<Recovered> decode_recovered(std::string_view bytes);
/// The defaults where there is no such file.
base::Result<Recovered> load_recovered(const DataFolder& folder);

struct RecoveryOrder {
  std::string recovery_key;  ///< file; needed with `trust` where the keys are gone, too
  std::string trust;         ///< file: the trust document that any node of the fleet holds
  std::chrono::milliseconds readmit = base::limits::kReadmitDefault;
  std::set<sync::NodeUid> except;
};

/// kConflict: nothing is lost here, or the hub runs. kInvalid: the keys are gone, and the order has not what it takes to
/// make others. kPermission: the trust document is not signed by this recovery key.
base::Status recover(const DataFolder& folder, const RecoveryOrder& order, base::WallTime now,
                     base::Random& random);
/// What a person does about a store that is damaged.
inline constexpr std::string_view kDamagedStoreWayOut =
    "put a backup back with holdfast-hub restore; if there is none, move the file away, then holdfast-hub "
    "recover";
/// kCorrupt with what to do; any other as it is.
base::Error with_way_out(const DataFolder& folder, const base::Error& error);
/// Of `--except`. kInvalid: no uid of a node.
base::Result<sync::NodeUid> parse_node_uid(std::string_view text);
/// kNotFound: the keys are here and the store is not, or is an empty file. A hub that began anew then would know of no node and no generation;
/// mostly a disk is not mounted.
base::Status check_store_is_there(const DataFolder& folder);
/// Every record of it. kNotFound: lost, or never there. kCorrupt: damaged; the message says what to do.
base::Status check_whole_store(const DataFolder& folder);
/// With the way out where it is damaged.
base::Result<std::unique_ptr<sync::LmdbStore>> open_hub_store(const DataFolder& folder);

}  // namespace holdfast::hub
