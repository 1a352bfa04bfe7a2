// SPDX-License-Identifier: Apache-2.0
// What the Controller is asked and what it answers, as plain values for API and command line.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "sync/model/health.hpp"
#include "sync/model/ids.hpp"
#include "sync/model/resource.hpp"

namespace holdfast::hub {

struct SyncOptions {
  std::string revision;        ///< branch, tag or commit; empty: what targetRevision says
  bool confirm_prune = false;  ///< exactly what is due now may delete beyond maxPrune
};

struct HistoryEntry {
  sync::Revision revision;
  base::WallTime time{};  ///< when it came into force
  std::string initiator;  ///< "automated", "sync", "rollback"
  std::string author;     ///< of the commit, where the mirror still has it
  std::string subject;
  bool in_force = false;
};

enum class DifferenceKind { kCreate, kUpdate, kDelete, kDrift };
/// One resource that differs, and on which nodes in the same way.
struct Difference {
  DifferenceKind kind = DifferenceKind::kUpdate;
  sync::ResourceKey key;
  std::vector<std::string> nodes;  ///< names, sorted
  std::string before;              ///< canonical JSON; empty: not there
  std::string after;
  std::string file;  ///< where `after` stands
  std::uint32_t line = 0;
  std::string message;  ///< kDrift: what the node reports
};

struct Why {
  sync::ResourceKey key;
  std::string node;
  std::string application;
  std::string source;  ///< repository
  sync::Revision commit;
  std::string author;
  std::string subject;  ///< first line of the commit's message
  std::string file;
  std::uint32_t line = 0;
  std::string phase;  ///< of the section: "Synced", "Retrying", …
  sync::SyncStatus sync = sync::SyncStatus::kUnknown;
  sync::Health health = sync::Health::kUnknown;
  std::string reason;
  std::string message;
  std::string blocked_by;  ///< empty: nothing
  std::string next;        ///< what happens next
};

struct ResourceFilter {
  std::string node;         ///< name; empty: all
  std::string application;  ///< name; empty: all
};
struct ResourceRow {
  std::string node;
  std::string application;
  sync::ResourceKey key;
  sync::SyncStatus sync = sync::SyncStatus::kUnknown;
  sync::Health health = sync::Health::kUnknown;
  std::string reason;
  std::string message;
};

struct LogsQuery {
  std::string resource;   ///< "Process/web"; empty: the agent's own
  std::string container;  ///< of its containers; empty: all
  std::string since;      ///< duration as in Go ("1h"); empty: all
  std::optional<std::int64_t> tail_lines;
  std::string cursor;  ///< to follow: what an earlier answer ended with
};

}  // namespace holdfast::hub
