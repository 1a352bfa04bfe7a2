// SPDX-License-Identifier: Apache-2.0
// The hub's tables, by name. docs/store.md says what each record holds.
// Threads: constants.
#pragma once

#include <array>
#include <string>
#include <utility>

#include "sync/store/lmdb_store.hpp"

namespace holdfast::hub {

using sync::kMetaTable;                               ///< also the highest resourceVersion handed out
inline constexpr sync::Table kObjectTable{"object"};  ///< "applications/cameras" → canonical JSON
inline constexpr sync::Table kTombstoneTable{
    "tombstone"};  ///< "applications/<uid>" → the object as it was deleted
inline constexpr sync::Table kApplicationTable{"application"};  ///< application uid → ApplicationRecord
inline constexpr sync::Table kDesiredTable{"desired"};          ///< node uid → signed header
inline constexpr sync::Table kBodyTable{"body"};                ///< section digest (32 bytes) → section bytes
inline constexpr sync::Table kProvenanceTable{
    "provenance"};                                    ///< provenance digest (32 bytes) → provenance bytes
inline constexpr sync::Table kReportTable{"report"};  ///< node uid → last snapshot and abilities
inline constexpr sync::Table kSessionTable{
    "session"};  ///< node uid → counters of signed messages, pacing told

inline constexpr sync::Table kCertificateTable{"certificate"};  ///< "<node uid>/<serial>" → when it ends

inline constexpr sync::Table kOutboxTable{
    "outbox"};  ///< "<node uid>/<log id>" → up to where its events are here

inline constexpr sync::Table kSealingTable{"sealing"};  ///< node uid → its sealing public key (32 bytes)
inline constexpr sync::Table kSealedTable{
    "sealed"};  ///< id of a node's sealing key (8 bytes), version of a Secret (32 bytes) → its sealed values

inline constexpr std::array kHubTables{kMetaTable,    kObjectTable,      kTombstoneTable,  kApplicationTable,
                                       kDesiredTable, kBodyTable,        kProvenanceTable, kReportTable,
                                       kSessionTable, kCertificateTable, kOutboxTable,     kSealingTable,
                                       kSealedTable};

inline sync::LmdbOptions hub_store(std::string path) {
  sync::LmdbOptions options;
  options.path = std::move(path);
  options.tables = {kHubTables.begin(), kHubTables.end()};
  return options;
}

}  // namespace holdfast::hub
