// SPDX-License-Identifier: Apache-2.0
#include "test/sim/oracle.hpp"

namespace holdfast::sim {

bool Oracle::is_placed(const ApplicationModel& application, const std::string& node) const {
  if (!application.exists) return false;
  // A fact that comes and goes takes nothing away.
  if (application.reads_facts()) return true;
  const auto labels = nodes_.find(node);
  if (labels == nodes_.end()) return false;
  const auto label = labels->second.find(application.key);
  return label != labels->second.end() && label->second == application.value;
}

Claims Oracle::claimed_on(const std::string& node) const {
  Claims out;
  for (const auto& [name, application] : applications_) {
    const auto folder = in_force_.find(name);
    if (folder == in_force_.end() || !is_placed(application, node)) continue;
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
    const auto application = applications_.find(name);
    const auto past = history_.find(place.revision);
    if (application == applications_.end() || past == history_.end()) continue;
    const auto folder = past->second.find(place.folder);
    if (folder != past->second.end() && is_placed(application->second, node))
      out.merge(folder->second.claims());
  }
  const auto own = in_force_.find(acted);
  if (own != in_force_.end() && is_placed(applications_.at(acted), node)) out.merge(own->second.claims());
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
  for (const auto& [node, labels] : nodes_) say_gone_on(application, node);
}

void Oracle::take(ApplicationModel& application, const FolderModel& folder) {
  if (!folder.is_good()) {
    // Whoever gave something to it gave it away; that it cannot be read now is not this oracle's to judge.
    const auto before = in_force_.find(application.name);
    if (before == in_force_.end()) return;
    for (const auto& claim : before->second.claims()) {
      for (const auto& [other, claims] : ever_) {
        if (other == application.name || !claims.contains(claim)) continue;
        for (const auto& [node, labels] : nodes_) may_go_[node].insert(claim);
      }
    }
    return;
  }
  in_force_[application.name] = folder;
  ever_[application.name].merge(folder.claims());
  if (folder.fails_on_nodes()) failing_.insert(application.name);
}

void Oracle::node_labels(const std::string& node, const Labels& labels) {
  nodes_[node] = labels;
  for (const auto& [name, application] : applications_) {
    if (!is_placed(application, node)) person_says_gone_on(name, node, "");
  }
}

void Oracle::application(const ApplicationModel& application) {
  auto& known = applications_[application.name] = application;
  // While Git cannot be reached the hub takes the newest of this folder that it has.
  for (const auto& [revision, past] : history_) {
    const auto folder = past.find(application.folder);
    if (folder != past.end() && folder->second.is_good())
      ever_[application.name].merge(folder->second.claims());
  }
  const auto folder = repository_.find(application.folder);
  if (folder != repository_.end()) take(known, folder->second);
  for (const auto& [node, labels] : nodes_) person_says_gone_on(application.name, node, application.name);
}

void Oracle::application_deleted(const std::string& name) {
  auto& known = applications_[name];
  known.exists = false;
  pinned_.erase(name);
  deleted_by_person_.insert(name);
  if (known.finalizer) {
    for (const auto& [node, labels] : nodes_) person_says_gone_on(name, node, "");
  } else {
    for (const auto& claim : ever_[name]) released_.insert(claim);
  }
  in_force_.erase(name);
  // What others gave to it is awaited by nobody now.
  for (const auto& [other, model] : applications_) {
    if (other == name) continue;
    for (const auto& [node, labels] : nodes_) person_says_gone_on(other, node, "");
  }
}

void Oracle::committed(const std::string& revision, const RepositoryModel& repository) {
  repository_ = repository;
  history_[revision] = repository;
  for (const auto& [folder, model] : repository) {
    if (model.damage != Damage::kNone) continue;
    wanted_.merge(model.claims());
    for (const auto& [name, process] : model.processes) specs_[name].insert(process.argument());
  }
  for (auto& [name, application] : applications_) {
    const auto folder = repository.find(application.folder);
    if (folder == repository.end()) continue;
    if (folder->second.is_good()) ever_[name].merge(folder->second.claims());
    if (application.exists && !pinned_.contains(name)) take(application, folder->second);
  }
  for (const auto& [name, application] : applications_) say_gone(name);
}

void Oracle::rolled_back(const std::string& application, const std::string& revision) {
  const auto past = history_.find(revision);
  if (past == history_.end()) return;
  auto& known = applications_[application];
  pinned_[application] = revision;
  const auto folder = past->second.find(known.folder);
  if (folder != past->second.end()) take(known, folder->second);
  person_says_gone(application);
}

void Oracle::rollback_ended(const std::string& application) {
  if (pinned_.erase(application) == 0) return;
  auto& known = applications_[application];
  const auto folder = repository_.find(known.folder);
  if (folder != repository_.end()) take(known, folder->second);
  person_says_gone(application);
}

void Oracle::person_says_gone(const std::string& acted) {
  for (const auto& [name, model] : applications_) {
    for (const auto& [node, labels] : nodes_) person_says_gone_on(name, node, acted);
  }
}

bool Oracle::may_delete(const std::string& node, const sync::Claim& claim) const {
  for (const auto& [application, claims] : ever_) {
    if ((unclear_.contains(application) || unclear_nodes_.contains(node)) && claims.contains(claim))
      return true;
  }
  const auto claims = may_go_.find(node);
  return claims != may_go_.end() && claims->second.contains(claim);
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
  for (const auto& [name, application] : applications_) {
    const auto folder = in_force_.find(name);
    if (folder == in_force_.end() || !is_placed(application, node)) continue;
    for (const auto& [file, model] : folder->second.files) out.files[model.path] = model;
    for (const auto& [process, model] : folder->second.processes) out.processes[process] = model;
  }
  return out;
}

}  // namespace holdfast::sim
