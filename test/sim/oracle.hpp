// SPDX-License-Identifier: Apache-2.0
// Oracle: what Git and people said, kept beside the product and by other rules: it never asks what the hub made of a
// commit. It knows what may be deleted where (permissive: once said, it may be carried out late), what was ever
// wanted, and what each node must hold when all has settled. Threads: one.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "test/sim/model.hpp"

namespace holdfast::sim {

class Oracle {
 public:
  using Labels = std::map<std::string, std::string>;

  /// What the hub goes by while it has not seen the newest commit: application → where its revision in force is.
  struct Place {
    std::string revision;
    std::string folder;
  };
  using Places = std::map<std::string, Place>;
  void on_believed(std::function<std::optional<Places>()> believed) { believed_ = std::move(believed); }

  // ---- what was said ----
  void node_labels(const std::string& node, const Labels& labels);
  void application(const ApplicationModel& application);
  void application_deleted(const std::string& name);
  void committed(const std::string& revision, const RepositoryModel& repository);
  void rolled_back(const std::string& application, const std::string& revision);
  void rollback_ended(const std::string& application);
  void prune_confirmed(const std::string& application) { confirmed_.insert(application); }
  void confirmations_over() { confirmed_.clear(); }

  /// Whether the hub took what was said is not known: from now on it may do either.
  void unclear_application(const std::string& name) { unclear_.insert(name); }
  void unclear_node(const std::string& name) { unclear_nodes_.insert(name); }

  // ---- what follows ----
  bool may_delete(const std::string& node, const sync::Claim& claim) const;
  /// Whether any commit ever wanted it.
  bool was_wanted(const sync::Claim& claim) const { return wanted_.contains(claim); }
  /// Whether a commit ever wanted this process with another spec than the one that runs.
  bool has_other_spec(const std::string& process, const std::string& argument) const;
  bool was_released(const sync::Claim& claim) const { return released_.contains(claim); }
  bool is_prune_unlimited(const std::string& application) const;
  /// All that the node must hold: files by path, processes by name. REQUIRES: no two applications want one claim.
  FolderModel wanted_on(const std::string& node) const;
  const RepositoryModel& repository() const { return repository_; }
  const std::map<std::string, ApplicationModel>& applications() const { return applications_; }
  const std::map<std::string, RepositoryModel>& history() const { return history_; }
  /// Applications whose some revision cannot become healthy.
  bool ever_failing(const std::string& application) const { return failing_.contains(application); }

 private:
  bool is_placed(const ApplicationModel& application, const std::string& node) const;
  Claims claimed_on(const std::string& node) const;
  /// The same by what the hub goes by now; all that was ever wanted where that cannot be told.
  Claims believed_on(const std::string& node, const std::string& acted) const;
  void take(ApplicationModel& application, const FolderModel& folder);
  void say_gone(const std::string& application);
  void say_gone_on(const std::string& application, const std::string& node);
  /// `acted`: the application that the act was about; of that one the hub goes by the act.
  void person_says_gone(const std::string& acted);
  void person_says_gone_on(const std::string& application, const std::string& node, const std::string& acted);
  void let_go(const std::string& application, const std::string& node, const Claims& kept);

  std::function<std::optional<Places>()> believed_;
  RepositoryModel repository_;
  std::map<std::string, RepositoryModel> history_;
  std::map<std::string, ApplicationModel> applications_;
  std::map<std::string, FolderModel> in_force_;  // by application
  std::map<std::string, std::string> pinned_;    // application → revision
  std::map<std::string, Claims> ever_;           // by application
  std::map<std::string, Labels> nodes_;
  std::map<std::string, Claims> may_go_;  // by node
  Claims wanted_;
  Claims released_;
  std::map<std::string, std::set<std::string>> specs_;  // process → arguments
  std::set<std::string> confirmed_;
  std::set<std::string> deleted_by_person_;
  std::set<std::string> failing_;
  std::set<std::string> unclear_;
  std::set<std::string> unclear_nodes_;
};

}  // namespace holdfast::sim
