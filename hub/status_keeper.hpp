// SPDX-License-Identifier: Apache-2.0
// StatusKeeper: writes the status of Applications and Nodes from what the books hold, and lets what changes
// often reach the disk together: statuses and reports at most every limits::kStatusFlushInterval, last seen
// every limits::kLastSeenFlushInterval.
// Threads: one.
#pragma once

#include <optional>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "hub/context.hpp"
#include "hub/rollup.hpp"

namespace holdfast::hub {

class StatusKeeper {
 public:
  explicit StatusKeeper(Context& context) : context_(context) {}

  void show_application(ApplicationEntry& application);
  void show_node(NodeEntry& node);

  /// What is due now; nothing changed, nothing written.
  void run_due();
  std::optional<base::MonotonicTime> next_due() const;
  base::Status flush();
  /// At a clean stop: last seen too.
  base::Status flush_all();

 private:
  std::vector<NodeShare> shares(const ApplicationEntry& application) const;
  NodeShare share(const ApplicationEntry& application, const NodeEntry& node, const Placing* placing,
                  const sync::SectionRef* held) const;
  Comparison comparison(const ApplicationEntry& application) const;
  base::Json application_status(const ApplicationEntry& application, const ApplicationRollup& rollup) const;
  base::Json application_conditions(const ApplicationEntry& application) const;
  /// What the node quarantined is what it is to have; empty: that is not so.
  std::string quarantine_text(const NodeEntry& node, const ApplicationEntry& application) const;
  base::Json node_status(const NodeEntry& node) const;
  static base::Json readiness(const NodeEntry& node, const base::Json* before, base::WallTime now);
  base::Json node_conditions(const NodeEntry& node) const;
  base::Json section_status(const NodeEntry& node, const sync::ApplicationUid& uid) const;
  void note_last_seen();
  bool is_dirty() const;

  Context& context_;
  std::optional<base::MonotonicTime> flush_at_;
  std::optional<base::MonotonicTime> last_seen_at_;
};

}  // namespace holdfast::hub
