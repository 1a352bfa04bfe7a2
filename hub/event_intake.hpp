// SPDX-License-Identifier: Apache-2.0
// EventIntake: takes what nodes send from their outboxes, each event once. Up to where it has them, by node and log, is
// written in the same transaction as the events; only then the node is told, and may forget them.
// Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "hub/event_log.hpp"
#include "hub/node_book.hpp"
#include "sync/store/store.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::hub {

class EventIntake {
 public:
  EventIntake(sync::Store& store, EventLog& events, base::Clock& clock)
      : store_(store), events_(events), clock_(clock) {}

  base::Status load();  ///< what an earlier run wrote
  /// True: all of it is stored already, and the node may be told at once.
  bool take(const NodeEntry& node, const sync::EventBatch& batch);
  /// What the node may forget of the batch that it sent last; nothing: it sent none. More than that may be stored, of a time
  /// that the node does not know of any more.
  std::optional<sync::EventsStored> stored(const sync::NodeUid& uid) const;

  bool is_dirty() const { return !dirty_.empty(); }
  base::Status write_dirty(sync::WriteTxn& txn) const;
  /// Who can be told now what was written.
  std::vector<sync::NodeUid> mark_clean();

  /// Of a node that was deleted.
  base::Status forget(const sync::NodeUid& uid);
  /// Nodes of which something is stored.
  std::vector<sync::NodeUid> nodes() const;

 private:
  struct Standing {
    std::uint64_t taken = 0;   ///< up to here they are in the event log
    std::uint64_t stored = 0;  ///< and up to here in the store
    base::WallTime heard{};
  };
  struct Outboxes {
    std::map<std::uint64_t, Standing> logs;
    std::uint64_t spoken_of = 0;  ///< the log of the last batch
    std::uint64_t spoken_up_to = 0;
  };
  Standing& standing(Outboxes& outboxes, std::uint64_t log);
  bool record(const NodeEntry& node, Standing& standing, const sync::EventBatch& batch);
  void read(std::string_view key, std::string_view value);

  sync::Store& store_;
  EventLog& events_;
  base::Clock& clock_;
  std::map<sync::NodeUid, Outboxes> nodes_;
  /// Of these nodes something is to be written; of the logs named it is to be erased.
  std::map<sync::NodeUid, std::vector<std::uint64_t>> dirty_;
};

}  // namespace holdfast::hub
