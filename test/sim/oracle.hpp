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

#include "test/sim/held_claims.hpp"
#include "test/sim/model.hpp"

namespace holdfast::sim {

/// What a hub knows of people's words, and of the commits that it went by: what it forgets when an older copy of it takes its
/// place.
struct Words {
  std::map<std::string, ApplicationModel> applications;
  std::map<std::string, FolderModel> in_force;                       ///< by application
  std::map<std::string, std::string> pinned;                         ///< application → revision
  std::map<std::string, std::map<std::string, std::string>> labels;  ///< by node
};

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

  /// Whether the node holds the last thing that the hub made for it.
  void on_in_step(std::function<bool(const std::string& node)> in_step) { in_step_ = std::move(in_step); }

  // ---- what was said ----
  void node_labels(const std::string& node, const Labels& labels);
  void application(const ApplicationModel& application);
  void application_deleted(const std::string& name);
  void node_fact_strayed(const std::string& node) { strayed_.insert(node); }
  void committed(const std::string& revision, const RepositoryModel& repository);
  void rolled_back(const std::string& application, const std::string& revision);
  void rollback_ended(const std::string& application);
  void prune_confirmed(const std::string& application) { confirmed_.insert(application); }
  void confirmations_over() { confirmed_.clear(); }

  /// Whether the hub took what was said is not known: from now on it may do either.
  void unclear_application(const std::string& name) { unclear_.insert(name); }
  void unclear_node(const std::string& name) { unclear_nodes_.insert(name); }

  // ---- an older copy takes the hub's place ----
  const Words& words() const { return words_; }
  /// Whether a node holds this as the hub's last word said, with nothing under way.
  using IsHeld = std::function<bool(const std::string& node, const sync::Claim& claim)>;
  /// `beyond`: nodes for which the hub has made more than the copy knows of.
  void restored(const Words& copy, const std::set<std::string>& beyond, const IsHeld& is_held);
  /// A person lets the hub go on by what it knows, on a node that knows more.
  void approved(const std::string& node);
  /// What a restored hub has forgotten to be there stays there, and nobody can say for how long.
  bool may_stay(const std::string& node, const sync::Claim& claim) const;

  bool has_leftovers(const std::string& node) const { return may_stay_.contains(node); }

  // ---- what follows ----
  bool may_delete(const std::string& node, const sync::Claim& claim) const;
  /// Whether any commit ever wanted it.
  bool was_wanted(const sync::Claim& claim) const { return wanted_.contains(claim); }
  /// Whether a commit ever wanted this process with another spec than the one that runs.
  bool has_other_spec(const std::string& process, const std::string& argument) const;
  /// Whether a commit ever had a hook of this name.
  bool is_hook(const std::string& process) const { return hooks_.contains(process); }
  bool was_released(const sync::Claim& claim) const { return released_.contains(claim); }
  bool is_prune_unlimited(const std::string& application) const;
  /// All that the node must hold: files by path, those of units too, all else by name. REQUIRES: no two applications want one claim.
  FolderModel wanted_on(const std::string& node) const;
  const RepositoryModel& repository() const { return repository_; }
  const std::map<std::string, ApplicationModel>& applications() const { return words_.applications; }
  const std::map<std::string, RepositoryModel>& history() const { return history_; }
  /// Applications whose some revision cannot become healthy.
  bool ever_failing(const std::string& application) const { return failing_.contains(application); }

 private:
  static bool is_placed(const ApplicationModel& application, const Words& words, const std::string& node);
  bool is_placed(const ApplicationModel& application, const std::string& node) const {
    return is_placed(application, words_, node);
  }
  /// False where the application may not be: one that goes by a fact does not come again to a node whose fact strays.
  bool is_surely_placed(const ApplicationModel& application, const std::string& node) const;
  Claims claimed_on(const std::string& node) const;
  /// The same by what the hub goes by now; all that was ever wanted where that cannot be told.
  Claims believed_on(const std::string& node, const std::string& acted) const;
  void take(ApplicationModel& application, const FolderModel& folder);
  void say_gone(const std::string& application);
  void say_gone_by_what_came_while_pinned(const std::string& application);
  void say_gone_on(const std::string& application, const std::string& node);
  /// `acted`: the application that the act was about; of that one the hub goes by the act.
  void person_says_gone(const std::string& acted);
  void person_says_gone_on(const std::string& application, const std::string& node, const std::string& acted);
  void acted_on(const std::string& application);
  void leaves(const std::string& application, const std::string& node);
  void hold(const std::string& node, const Words& copy, bool is_beyond, const IsHeld& is_held);
  void let_go(const std::string& application, const std::string& node, const Claims& kept);

  std::function<std::optional<Places>()> believed_;
  std::function<bool(const std::string& node)> in_step_;
  bool was_restored_ = false;
  RepositoryModel repository_;
  std::map<std::string, RepositoryModel> history_;
  Words words_;
  HeldClaims held_;
  std::map<std::string, Claims> ever_;                            // by application
  std::map<std::string, Claims> may_go_;                          // by node
  std::map<std::string, Claims> may_stay_;                        // by node
  std::map<std::string, std::vector<FolderModel>> while_pinned_;  // by application
  Claims wanted_;
  Claims released_;
  std::map<std::string, std::set<std::string>> specs_;  // process → arguments
  std::set<std::string> hooks_;                         // names
  std::set<std::string> confirmed_;
  std::set<std::string> deleted_by_person_;
  std::set<std::string> failing_;
  std::set<std::string> strayed_;  // nodes whose fact ever said something else
  std::set<std::string> unclear_;
  std::set<std::string> unclear_nodes_;
};

}  // namespace holdfast::sim
