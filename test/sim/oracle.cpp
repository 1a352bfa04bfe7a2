// SPDX-License-Identifier: Apache-2.0
#include "test/sim/oracle.hpp"

#include <utility>

namespace holdfast::sim {

bool Oracle::is_placed(const ApplicationModel& application, const Words& words, const std::string& node) {
  if (!application.exists) return false;
  // A fact that comes and goes takes nothing away.
  if (application.reads_facts()) return true;
  const auto labels = words.labels.find(node);
  if (labels == words.labels.end()) return false;
  const auto label = labels->second.find(application.key);
  return label != labels->second.end() && label->second == application.value;
}

bool Oracle::is_surely_placed(const ApplicationModel& application, const std::string& node) const {
  if (!is_placed(application, node)) return false;
  return !application.reads_facts() || !strayed_.contains(node) ||
         !deleted_by_person_.contains(application.name);
}

Claims Oracle::claimed_on(const std::string& node) const {
  Claims out;
  for (const auto& [name, application] : words_.applications) {
    const auto folder = words_.in_force.find(name);
    if (folder == words_.in_force.end() || !is_surely_placed(application, node)) continue;
    out.merge(folder->second.claims());
  }
  return out;
}

Claims Oracle::believed_on(const std::string& node, const std::string& acted) const {
  const auto places = believed_ ? believed_() : std::nullopt;
  if (!places) return wanted_;
  Claims out;
  for (const auto& [name, place] : *places) {
    if (name == acted) continue;
    const auto application = words_.applications.find(name);
    const auto past = history_.find(place.revision);
    if (application == words_.applications.end() || past == history_.end()) continue;
    const auto folder = past->second.find(place.folder);
    if (folder != past->second.end() && is_surely_placed(application->second, node))
      out.merge(folder->second.claims());
  }
  const auto own = words_.in_force.find(acted);
  if (own != words_.in_force.end() && is_surely_placed(words_.applications.at(acted), node))
    out.merge(own->second.claims());
  return out;
}

void Oracle::let_go(const std::string& application, const std::string& node, const Claims& kept) {
  for (const auto& claim : ever_[application]) {
    if (!kept.contains(claim)) may_go_[node].insert(claim);
  }
}

void Oracle::say_gone_on(const std::string& application, const std::string& node) {
  let_go(application, node, claimed_on(node));
}

/// The hub learns of a person's act at once and of a commit at its next fetch, so either order is right.
void Oracle::person_says_gone_on(const std::string& application, const std::string& node,
                                 const std::string& acted) {
  say_gone_on(application, node);
  let_go(application, node, believed_on(node, acted));
}

void Oracle::say_gone(const std::string& application) {
  for (const auto& [node, labels] : words_.labels) say_gone_on(application, node);
}

void Oracle::take(ApplicationModel& application, const FolderModel& folder) {
  if (!folder.is_good()) {
    // Whoever gave something to it gave it away; that it cannot be read now is not this oracle's to judge.
    const auto before = words_.in_force.find(application.name);
    if (before == words_.in_force.end()) return;
    for (const auto& claim : before->second.claims()) {
      for (const auto& [other, claims] : ever_) {
        if (other == application.name || !claims.contains(claim)) continue;
        for (const auto& [node, labels] : words_.labels) may_go_[node].insert(claim);
      }
    }
    return;
  }
  words_.in_force[application.name] = folder;
  ever_[application.name].merge(folder.claims());
  if (folder.fails_on_nodes()) failing_.insert(application.name);
}

void Oracle::node_labels(const std::string& node, const Labels& labels) {
  words_.labels[node] = labels;
  for (const auto& [name, application] : words_.applications) {
    is_placed(application, node) ? held_.placed(node, name) : held_.said(node, name);
    if (!is_placed(application, node)) leaves(name, node);
  }
}

/// A restored hub that goes on above what a node holds forgets which removals it had decided: they may be of before the copy.
void Oracle::leaves(const std::string& application, const std::string& node) {
  person_says_gone_on(application, node, "");
  if (was_restored_ && !in_step_(node))
    may_stay_[node].insert(ever_[application].begin(), ever_[application].end());
}

void Oracle::application(const ApplicationModel& application) {
  auto& known = words_.applications[application.name] = application;
  acted_on(application.name);
  say_gone_by_what_came_while_pinned(application.name);
  // While Git cannot be reached the hub takes the newest of this folder that it has.
  for (const auto& [revision, past] : history_) {
    const auto folder = past.find(application.folder);
    if (folder == past.end() || !folder->second.is_good()) continue;
    ever_[application.name].merge(folder->second.claims());
    if (folder->second.fails_on_nodes()) failing_.insert(application.name);
  }
  const auto folder = repository_.find(application.folder);
  if (folder != repository_.end()) take(known, folder->second);
  for (const auto& [node, labels] : words_.labels)
    person_says_gone_on(application.name, node, application.name);
}

void Oracle::application_deleted(const std::string& name) {
  auto& known = words_.applications[name];
  known.exists = false;
  acted_on(name);
  words_.pinned.erase(name);
  deleted_by_person_.insert(name);
  if (known.finalizer) {
    for (const auto& [node, labels] : words_.labels) leaves(name, node);
  } else {
    for (const auto& claim : ever_[name]) released_.insert(claim);
  }
  words_.in_force.erase(name);
  // What others gave to it is awaited by nobody now.
  for (const auto& [other, model] : words_.applications) {
    if (other == name) continue;
    for (const auto& [node, labels] : words_.labels) person_says_gone_on(other, node, "");
  }
}

void Oracle::committed(const std::string& revision, const RepositoryModel& repository) {
  repository_ = repository;
  history_[revision] = repository;
  for (const auto& [folder, model] : repository) {
    if (model.damage != Damage::kNone) continue;
    wanted_.merge(model.claims());
    for (const auto& [name, process] : model.processes) specs_[name].insert(process.argument());
    for (const auto& [name, hook] : model.hooks) hooks_.insert(name);
  }
  for (const auto& name : unclear_) {  // it may be at any folder
    for (const auto& [folder, model] : repository) ever_[name].merge(model.claims());
  }
  for (auto& [name, application] : words_.applications) {
    const auto folder = repository.find(application.folder);
    if (folder == repository.end()) continue;
    if (folder->second.is_good()) {
      ever_[name].merge(folder->second.claims());
      held_.committed(name, folder->second.claims());
    }
    if (!application.exists) continue;
    if (!words_.pinned.contains(name))
      take(application, folder->second);
    else if (folder->second.is_good())
      while_pinned_[name].push_back(folder->second);
  }
  for (const auto& [name, application] : words_.applications) say_gone(name);
}

/// A rollback that ends while Git is away ends at the newest commit that the hub has, whichever that is.
void Oracle::say_gone_by_what_came_while_pinned(const std::string& application) {
  const auto now = words_.in_force.find(application);
  if (now == words_.in_force.end()) return;
  for (const auto& folder : std::exchange(while_pinned_[application], {})) {
    auto kept = std::exchange(now->second, folder);
    say_gone(application);
    now->second = std::move(kept);
  }
}

void Oracle::rolled_back(const std::string& application, const std::string& revision) {
  const auto past = history_.find(revision);
  if (past == history_.end()) return;
  auto& known = words_.applications[application];
  acted_on(application);
  words_.pinned[application] = revision;
  const auto folder = past->second.find(known.folder);
  if (folder != past->second.end()) take(known, folder->second);
  person_says_gone(application);
}

void Oracle::rollback_ended(const std::string& application) {
  if (words_.pinned.erase(application) == 0) return;
  acted_on(application);
  say_gone_by_what_came_while_pinned(application);
  auto& known = words_.applications[application];
  const auto folder = repository_.find(known.folder);
  if (folder != repository_.end()) take(known, folder->second);
  person_says_gone(application);
}

/// A person's word about it, which the hub knows from now on.
void Oracle::acted_on(const std::string& application) {
  for (const auto& [node, labels] : words_.labels) {
    held_.said(node, application);
    if (is_placed(words_.applications.at(application), node)) held_.placed(node, application);
  }
}

void Oracle::person_says_gone(const std::string& acted) {
  for (const auto& [name, model] : words_.applications) {
    for (const auto& [node, labels] : words_.labels) person_says_gone_on(name, node, acted);
  }
}

bool Oracle::may_delete(const std::string& node, const sync::Claim& claim) const {
  for (const auto& [application, claims] : ever_) {
    if ((unclear_.contains(application) || unclear_nodes_.contains(node)) && claims.contains(claim))
      return true;
  }
  if (held_.holds(node, claim)) return false;
  const auto claims = may_go_.find(node);
  return claims != may_go_.end() && claims->second.contains(claim);
}

// ---- an older copy takes the hub's place ----

void Oracle::hold(const std::string& node, const Words& copy, bool is_beyond, const IsHeld& is_held) {
  std::map<sync::Claim, std::size_t> wanted;
  for (const auto& [name, folder] : words_.in_force) {
    for (const auto& claim : folder.claims()) ++wanted[claim];
  }
  for (const auto& [name, application] : words_.applications) {
    const auto known = copy.applications.find(name);
    const bool is_known = known != copy.applications.end() && is_placed(known->second, copy, node);
    const auto in_force = words_.in_force.find(name);
    if (in_force == words_.in_force.end() || !is_placed(application, node)) continue;
    // What left no trace on the node nobody can know.
    if (!is_known && !is_beyond) continue;
    const auto folder = repository_.find(application.folder);
    const bool is_readable = folder != repository_.end() && folder->second.is_good();
    for (const auto& claim : in_force->second.claims()) {
      // Of what two want the hub gives to one, and what Git has let go of since goes when the hub hears of it.
      const bool is_gone = is_readable && !folder->second.holds(claim);
      if (is_gone || wanted[claim] > 1 || !is_held(node, claim)) continue;
      held_.hold(node, name, claim, is_known ? Standing::kPlaced : Standing::kForgotten);
    }
  }
}

void Oracle::restored(const Words& copy, const std::set<std::string>& beyond, const IsHeld& is_held) {
  was_restored_ = true;
  held_ = {};
  // Nobody can say of all that was to go that it goes, nor what it was that another application takes over.
  for (const auto& node : beyond) {
    for (const auto& [name, claims] : ever_) may_stay_[node].insert(claims.begin(), claims.end());
  }
  for (const auto& [node, labels] : words_.labels) hold(node, copy, beyond.contains(node), is_held);
  words_ = copy;
  for (auto& [name, application] : words_.applications) {
    const auto folder = repository_.find(application.folder);
    if (folder == repository_.end()) continue;
    if (application.exists && !words_.pinned.contains(name)) take(application, folder->second);
  }
  for (const auto& [name, application] : words_.applications) say_gone(name);
}

void Oracle::approved(const std::string& node) {
  held_.approved(node);
  for (const auto& [name, application] : words_.applications) person_says_gone_on(name, node, "");
}

bool Oracle::may_stay(const std::string& node, const sync::Claim& claim) const {
  const auto claims = may_stay_.find(node);
  return claims != may_stay_.end() && claims->second.contains(claim);
}

bool Oracle::has_other_spec(const std::string& process, const std::string& argument) const {
  const auto specs = specs_.find(process);
  return specs != specs_.end() && specs->second.size() > (specs->second.contains(argument) ? 1U : 0U);
}

bool Oracle::is_prune_unlimited(const std::string& application) const {
  return confirmed_.contains(application) || deleted_by_person_.contains(application);
}

FolderModel Oracle::wanted_on(const std::string& node) const {
  FolderModel out;
  for (const auto& [name, application] : words_.applications) {
    const auto folder = words_.in_force.find(name);
    if (folder == words_.in_force.end() || !is_placed(application, node)) continue;
    for (const auto& [file, model] : folder->second.files) out.files[model.path] = model;
    for (const auto& [process, model] : folder->second.processes) out.processes[process] = model;
    for (const auto& [pod, model] : folder->second.pods) out.pods[pod] = model;
    for (const auto& [unit, model] : folder->second.units) {
      out.units[unit] = model;
      out.files[unit_path(unit)] = {unit_path(unit), model.content()};
    }
  }
  return out;
}

}  // namespace holdfast::sim
