// SPDX-License-Identifier: Apache-2.0
// Limits of a hub's backups. Every limit of Holdfast stands in this folder, and docs/limits.md explains each; tests try each
// at and over it. Units are last in the name.
// Threads: constants.
#pragma once

#include <cstddef>

namespace holdfast::base::limits {

inline constexpr std::size_t kBackupFilesMax = 1'000;           ///< in one backup
inline constexpr std::size_t kBackupFileBytesMax = 16U << 20U;  ///< one of them, but for the store
inline constexpr std::size_t kBackupNameBytesMax = 128;         ///< a file's name in it
inline constexpr int kBackupTurnsMax = 5;     ///< tries to read files that do not change meanwhile
inline constexpr int kRestoresKeptMax = 100;  ///< folders before-restore-<n> beside each other

}  // namespace holdfast::base::limits
