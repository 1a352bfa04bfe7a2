// SPDX-License-Identifier: Apache-2.0
// ApplicationKeeper: reconciles one Application: what is the newest commit, may it come into force, and is
// what is in force at hand. Whatever goes wrong is said in a condition, and the last good revision stays in
// force.
// Threads: one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "hub/application_end.hpp"
#include "hub/commit_pins.hpp"
#include "hub/context.hpp"
#include "hub/root_keeper.hpp"

namespace holdfast::hub {

class ApplicationKeeper {
 public:
  ApplicationKeeper(Context& context, CommitPins& pins, RootKeeper& roots, ApplicationEnd& end)
      : context_(context), pins_(pins), roots_(roots), end_(end) {}

  void reconcile(ApplicationEntry& application);
  /// Its source was changed: what Git holds there now counts, not what was fetched before.
  void follow_source(ApplicationEntry& application);

  base::Status sync(ApplicationEntry& application, const SyncOptions& options);
  base::Status rollback(ApplicationEntry& application, const std::string& revision);
  std::vector<HistoryEntry> history(const ApplicationEntry& application) const;

 private:
  /// False: what is the newest cannot be said now, and nothing new may come into force.
  bool compare(ApplicationEntry& application);
  base::Result<std::optional<RevisionPlace>> newest_place(const ApplicationEntry& application) const;
  void load_newest(ApplicationEntry& application, const RevisionPlace& place);
  bool is_commit_here(const gitops::ApplicationSource& source) const;
  /// Whether a root keeps it that follows that repository, so that what it says came with what lies there.
  bool is_kept_by_root_of(const ApplicationEntry& application, const std::string& url) const;
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
  base::Status annotate(const ApplicationEntry& application, std::string_view key, const std::string& value);

  Context& context_;
  CommitPins& pins_;
  RootKeeper& roots_;
  ApplicationEnd& end_;
};

}  // namespace holdfast::hub
