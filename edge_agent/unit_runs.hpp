// SPDX-License-Identifier: Apache-2.0
// UnitRuns: with what the run of a unit began, which systemd does not say. It keeps the record of it (UnitBook) true to what
// runs: over deaths of the agent, reboots, and hands that start what an edited file says.
// Threads: one, the engine's.
#pragma once

#include "base/host.hpp"
#include "base/units.hpp"
#include "edge_agent/file_driver.hpp"
#include "edge_agent/unit_book.hpp"
#include "edge_agent/unit_effective.hpp"
#include "edge_agent/unit_talk.hpp"

namespace holdfast::edge_agent {

class UnitRuns {
 public:
  struct Seams {
    base::Host& host;
    FileDriver& files;
    UnitBook* book = nullptr;
  };
  explicit UnitRuns(Seams seams) : seams_(seams) {}

  /// Before the files of its application are written.
  void meet(const UnitEffective& wanted, LiveUnit& live);
  base::Status follow(const UnitEffective& wanted, LiveUnit& live, const base::UnitState& state,
                      const sync::InventoryEntry* entry);
  /// What runs began with what is wanted, or it was brought there before.
  bool is_settled(const UnitEffective& wanted) const;
  /// What was asked for did not end what ran before.
  bool is_same_run(const UnitEffective& wanted, const base::UnitState& state) const;
  /// No start with what is wanted is still to begin.
  bool has_begun(const UnitEffective& wanted) const;
  /// It is about to be started or restarted. It is stored before systemd hears of it: whoever comes after a crash knows with
  /// what another run began.
  void note_asked(const UnitEffective& wanted, const base::UnitState& state);
  /// Whatever ran, it is to be started once more.
  void forget_run(const UnitEffective& wanted);
  /// It is as it is wanted.
  void note_done(const UnitEffective& wanted);

 private:
  base::Result<bool> is_file_right(const UnitEffective& wanted);
  base::Result<UnitRecord> found(const UnitEffective& wanted, const LiveUnit& live,
                                 const base::UnitState& state);
  /// What was asked for and has begun since, by whatever agent.
  static void credit(UnitRecord& record, const base::UnitState& state);
  base::Result<bool> follow_boot(const UnitEffective& wanted, UnitRecord& record,
                                 const base::UnitState& state, const sync::InventoryEntry* entry);

  Seams seams_;
};

/// The inventory says that it was brought to what is wanted.
bool is_applied(const UnitEffective& wanted, const sync::InventoryEntry* entry);

}  // namespace holdfast::edge_agent
