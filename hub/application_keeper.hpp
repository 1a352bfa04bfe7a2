// SPDX-License-Identifier: Apache-2.0
// ApplicationKeeper: reconciles one Application: what is the newest commit, may it come into force, and is
// what is in force at hand. Whatever goes wrong is said in a condition, and the last good revision stays in
// force.
// Threads: one.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "hub/context.hpp"
#include "hub/root_plan.hpp"

namespace holdfast::hub {

class ApplicationKeeper {
 public:
  explicit ApplicationKeeper(Context& context) : context_(context) {}

  void reconcile(ApplicationEntry& application);
  /// Its source was changed: what Git holds there now counts, not what was fetched before.
  void follow_source(ApplicationEntry& application);

  base::Status sync(ApplicationEntry& application, const SyncOptions& options);
  base::Status rollback(ApplicationEntry& application, const std::string& revision);
  std::vector<HistoryEntry> history(const ApplicationEntry& application) const;
  /// Keeps what is in force, and was, from being lost in Git. Call when the mirror of `url` has changed.
  void pin(const std::string& url);
  /// Every mirror at boot.
  void pin_all();
  /// Whether pin() did not succeed and is to be called again.
  bool is_unpinned(const std::string& url) const { return unpinned_.contains(url); }
  /// Forgets deleted applications that no node's desired state names any more; looks at the nodes of the
  /// others.
  void look_after_gone();

 private:
  /// False: what is the newest cannot be said now, and nothing new may come into force.
  bool compare(ApplicationEntry& application);
  base::Result<std::optional<RevisionPlace>> newest_place(const ApplicationEntry& application) const;
  void load_newest(ApplicationEntry& application, const RevisionPlace& place);
  /// Sets the conditions that `newest` deserves; true when it may come into force.
  bool judge(ApplicationEntry& application);
  std::string placement_problem(const ApplicationEntry& application, const Rendition& rendition) const;
  /// False: it could not be recorded; it is tried again.
  bool adopt(ApplicationEntry& application);
  bool is_adoption_due(const ApplicationEntry& application) const;
  void load_in_force(ApplicationEntry& application);
  void roll_out(const ApplicationEntry& application);
  void settle_operation(ApplicationEntry& application);
  base::Status confirm_prune(ApplicationEntry& application);
  void keep_hub_objects(ApplicationEntry& application);
  base::Status carry_out(ApplicationEntry& application, const RootPlan& plan);
  void finish_deletion(ApplicationEntry& application);
  /// What a root made goes with it, where it carries the finalizer. True while something is left.
  bool delete_children(const ApplicationEntry& application);
  bool has_left(const NodeEntry& node, const ApplicationEntry& application) const;
  void set_condition(ApplicationEntry& application, std::string_view type, const std::string& message);
  base::Status annotate(const ApplicationEntry& application, std::string_view key, const std::string& value);
  void retry(const ApplicationEntry& application, const base::Error& error);

  Context& context_;
  std::set<std::string> unpinned_;  // URLs
};

}  // namespace holdfast::hub
