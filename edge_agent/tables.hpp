// SPDX-License-Identifier: Apache-2.0
// The agent's tables, by name. docs/store.md says what each record holds, byte by byte.
// Threads: constants.
#pragma once

#include <array>

#include "sync/store/store.hpp"

namespace holdfast::edge_agent {

inline constexpr sync::Table kMetaTable{"meta"};              ///< schema, accepted header, counters
inline constexpr sync::Table kSectionTable{"section"};        ///< application uid → SectionRecord
inline constexpr sync::Table kBodyTable{"body"};              ///< section digest (32 bytes) → section bytes
inline constexpr sync::Table kProvenanceTable{"provenance"};  ///< section digest → provenance bytes
inline constexpr sync::Table kInventoryTable{"inventory"};    ///< claim text → InventoryEntry
inline constexpr sync::Table kProcessTable{"process"};        ///< claim text → restarts so far
inline constexpr sync::Table kUnitTable{"unit"};              ///< unit name → UnitRecord
inline constexpr sync::Table kJobTable{
    "job"};  ///< key of the resource → what is remembered of a Job or CronJob
inline constexpr sync::Table kPartTable{"part"};  ///< section digest, offset → a piece of its bytes

inline constexpr std::array kAgentTables{kMetaTable,       kSectionTable,   kBodyTable,
                                         kProvenanceTable, kInventoryTable, kProcessTable,
                                         kPartTable,       kUnitTable,      kJobTable};

}  // namespace holdfast::edge_agent
