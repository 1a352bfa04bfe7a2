// SPDX-License-Identifier: Apache-2.0
// Backup: a hub's data folder at one moment, taken while the hub runs, and put back. In it is all that cannot be had again: keys,
// certificates, trust document, store. Left out: the recovery key (kept elsewhere), mirrors (Git has them),
// the broker's files (made at each start), run/ and logs/. It holds the hub's private keys, so it is for the hub's user alone.
//
//   restore:  checked ──▶ "restoring" says set-aside ──▶ what is there moved to before-restore-<n>/
//                 ──▶ "restoring" says copying ──▶ files copied ──▶ "restoring" removed
//
// Killed anywhere in it, the same command typed again ends in the same place; a hub does not start before.
// Threads: a program that does nothing else.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/file_io.hpp"
#include "base/result.hpp"
#include "hub/backup_manifest.hpp"
#include "hub/data_folder.hpp"

namespace holdfast::hub {

/// Into the new folder `to`. kConflict: `to` is there and not empty, or the hub's files changed each time that they were
/// read. kNotFound: no hub was ever here. kCorrupt: the store is damaged.
base::Result<BackupManifest> back_up(const DataFolder& folder, const std::string& to, base::WallTime now);

/// Every file against its digest, and every record of the store.
base::Result<BackupManifest> check_backup(const std::string& folder);
bool is_backup(const std::string& folder);

struct Restored {
  BackupManifest backup;
  std::string set_aside;  ///< where what was there is now; empty: nothing was
};

/// kConflict: the hub runs, or its folder holds another fleet. Whatever is wrong with the backup is found before anything is
/// touched.
base::Result<Restored> restore(const DataFolder& folder, const std::string& from);
/// kNotFound: neither a hub nor anything that works in its place was ever here: mostly a backup without its manifest.
base::Status check_is_data_folder(const DataFolder& folder);
/// kConflict: the hub runs.
base::Result<base::DirectoryLock> lock_of_stopped_hub(const DataFolder& folder);
/// kConflict: a node keeps its identity there, and its files have the same names.
base::Status check_is_no_agents(const std::string& folder);
/// kConflict: a restore was begun here and has not ended.
base::Status check_no_restore_is_due(const DataFolder& folder);

}  // namespace holdfast::hub
