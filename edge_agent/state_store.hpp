// SPDX-License-Identifier: Apache-2.0
// StateStore: everything that the agent must remember over a power cut, in memory and in the Store, always
// the same: memory changes only after a commit. One transaction a step, whatever it changes; what equals what
// is there is not written. docs/store.md has the records.
// Threads: one.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "edge_agent/job_book.hpp"
#include "edge_agent/restart_book.hpp"
#include "edge_agent/section_step.hpp"
#include "edge_agent/unit_book.hpp"
#include "sync/model/desired_state.hpp"
#include "sync/model/inventory.hpp"
#include "sync/store/store.hpp"

namespace holdfast::edge_agent {

/// The newest desired state that was all on the host, gates passed.
struct AppliedState {
  sync::Generation generation;
  base::Digest content;
  base::Digest header;
  bool operator==(const AppliedState&) const = default;
};

/// What one step changes; nullopt erases. Later entries for the same key replace earlier ones.
struct Changes {
  std::optional<sync::SignedHeader> header;
  std::optional<AppliedState> applied;
  std::optional<bool> deletes_forbidden;
  std::map<sync::ApplicationUid, std::optional<SectionRecord>> sections;
  std::map<sync::Claim, std::optional<sync::InventoryEntry>> inventory;
  std::vector<sync::SectionBody> bodies;
  bool empty() const;
};

class StateStore {
 public:
  using Sections = std::map<sync::ApplicationUid, SectionRecord>;
  using Inventory = std::map<sync::Claim, sync::InventoryEntry>;

  StateStore(sync::Store& store, RestartBook& restarts) : store_(store), restarts_(restarts) {}
  /// Kept beside the rest.
  UnitBook& units() { return units_; }

  /// Reads all but bodies. kCorrupt and kTooNew are for the caller: nothing was touched.
  base::Status load();
  /// On success memory and store hold it; on failure neither does. Bodies that no section refers to any more
  /// go with it. `changes` is emptied on success.
  base::Status commit(Changes& changes);

  const std::optional<sync::SignedHeader>& header() const { return header_; }
  const Sections& sections() const { return sections_; }
  const SectionRecord* section(const sync::ApplicationUid& application) const;
  const Inventory& inventory() const { return inventory_; }
  const sync::InventoryEntry* entry(const sync::Claim& claim) const;
  const AppliedState& applied() const { return applied_; }
  /// The inventory was rebuilt and may be incomplete: nothing is deleted until the hub has spoken.
  bool deletes_forbidden() const { return deletes_forbidden_; }
  /// False, too, of one whose bytes were found not to be what their name says, until a commit brings it again.
  bool has_body(const base::Digest& digest) const {
    return bodies_.contains(digest) && !lost_.contains(digest);
  }
  base::Result<std::string> body(const base::Digest& digest) const;
  /// As it came; empty where there is none.
  base::Result<std::string> provenance_bytes(const base::Digest& section) const;
  base::Result<std::vector<sync::Provenance>> provenance(const base::Digest& section) const;

  /// What changes in it is stored with the next commit.
  JobBook& jobs() { return jobs_; }

 private:
  void drop_unchanged(Changes& changes) const;
  base::Status write(sync::WriteTxn& txn, const Changes& changes,
                     const std::set<base::Digest>& garbage) const;
  std::set<base::Digest> unreferenced(const Changes& changes) const;
  void take(Changes& changes, const std::set<base::Digest>& garbage);

  sync::Store& store_;
  RestartBook& restarts_;
  UnitBook units_;
  JobBook jobs_;
  std::optional<sync::SignedHeader> header_;
  AppliedState applied_;
  bool deletes_forbidden_ = false;
  Sections sections_;
  Inventory inventory_;
  std::set<base::Digest> bodies_;
  mutable std::set<base::Digest> lost_;  ///< of them; found by reading
};

}  // namespace holdfast::edge_agent
