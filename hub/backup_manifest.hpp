// SPDX-License-Identifier: Apache-2.0
// BackupManifest: what a backup of a hub holds, with the digest of each file. It is the file "backup.json" of the backup and
// is written last, so that a folder without it is none.
//
//   {"files":[{"bytes":"227","mode":384,"name":"ca.key","sha256":"…"},…],"fleet":"…","format":1,"madeMs":1700000000000,"release":"0.1.0"}
//
// Threads: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "sync/model/ids.hpp"

namespace holdfast::hub {

inline constexpr std::string_view kBackupManifestName = "backup.json";
inline constexpr std::string_view kBackupStoreName = "store";
inline constexpr std::string_view kBackupOldCasName = "ca.old";

/// Of a file directly in the data folder, or in ca.old/: stays where it is. So does the recovery key, whose copy is kept
/// where neither this machine nor its backups can be read.
bool is_left_out_of_backup(std::string_view name);
/// What a file may be called that is in one.
bool is_backup_name(std::string_view name);

struct BackupFile {
  std::string name;  ///< below the data folder, "ca.key" or "ca.old/0011…crt"
  std::uint64_t bytes = 0;
  std::uint32_t mode = 0;  ///< its permissions, at most 0777
  base::Digest sha256;
  bool operator==(const BackupFile&) const = default;
};

struct BackupManifest {
  sync::FleetId fleet;
  base::WallTime made{};
  std::string release;  ///< that made it, for people
  std::vector<BackupFile> files;
  bool operator==(const BackupManifest&) const = default;
};

std::string encode_backup_manifest(const BackupManifest& manifest);
/// kTooNew: of a later release. kInvalid: a name that would lead out of the folder, or anything else that is wrong.
base::Result<BackupManifest> decode_backup_manifest(std::string_view bytes);

}  // namespace holdfast::hub
