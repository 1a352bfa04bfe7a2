// SPDX-License-Identifier: Apache-2.0
// What people ask of the hub, and what hands do on a node.
#include "test/sim/workload.hpp"

#include <array>

namespace holdfast::sim {

void Workload::relabel() {
  if (world_.hub->is_up()) relabel(any_node());
}

void Workload::relabel(NodeBox& node) {
  auto& labels = labels_[node.name()];
  labels["group"] = labels["group"] == "g1" ? "g2" : "g1";
  world_.oracle.node_labels(node.name(), labels);
  if (!world_.hub->label(node.name(), "group", labels["group"])) world_.oracle.unclear_node(node.name());
}

/// The Application points to another folder, as after a path was renamed; or to one that is not there.
void Workload::repoint() {
  if (!world_.hub->is_up()) return;
  const auto name = any_application();
  auto application = world_.oracle.applications().at(name);
  if (!application.exists) return;
  const bool is_home = application.folder == "apps/" + name;
  application.folder = is_home ? (chance(50) ? "apps/gone" : "moved/" + name) : "apps/" + name;
  if (is_home && application.folder.starts_with("moved/")) {
    repository_[application.folder] = repository_["apps/" + name];
    commit("copies to " + application.folder);
  }
  repointed_.insert(name);
  world_.oracle.application(application);
  apply(application);
}

void Workload::apply(const ApplicationModel& application) {
  if (!world_.hub->apply(application)) world_.oracle.unclear_application(application.name);
}

void Workload::remove_or_apply() {
  if (!world_.hub->is_up()) return;
  const auto name = any_application();
  auto application = world_.oracle.applications().at(name);
  if (application.exists) {
    world_.oracle.application_deleted(name);
    if (!world_.hub->remove(application)) world_.oracle.unclear_application(name);
  } else {
    application.exists = true;
    world_.oracle.application(application);
    apply(application);
  }
}

void Workload::ask() {
  const auto name = any_application();
  if (chance(30)) {
    world_.oracle.prune_confirmed(name);
    if (world_.hub->sync(name, true)) {
      world_.oracle.rollback_ended(name);
    } else if (world_.hub->was_unclear()) {
      world_.oracle.unclear_application(name);
    }
  } else if (chance(50)) {
    if (world_.hub->sync(name, false)) {
      world_.oracle.rollback_ended(name);
    } else if (world_.hub->was_unclear()) {
      world_.oracle.unclear_application(name);
    }
  } else {
    world_.hub->sync_node(any_node().name(), chance(50));
  }
}

void Workload::roll_back() {
  if (revisions_.size() < 2) return;
  const auto name = any_application();
  const auto& revision = revisions_[below(revisions_.size())];
  // Of one that pointed elsewhere meanwhile, the history is of another folder.
  if (!world_.oracle.applications().at(name).exists || repointed_.contains(name)) return;
  if (world_.hub->rollback(name, revision)) {
    world_.oracle.rolled_back(name, revision);
  } else if (world_.hub->was_unclear()) {
    world_.oracle.unclear_application(name);
  }
}

void Workload::meddle() {
  auto& node = any_node();
  const auto& path = kPaths[below(kPaths.size())];
  const auto* file = node.host.file(path);
  const bool is_file = file != nullptr && file->type == base::FileType::kRegular;
  world_.trace.add(node.name(), "a hand at " + path);
  switch (below(5)) {
    case 0:
      if (is_file) node.host.edit_by_hand(path, "by hand");
      break;
    case 1:
      if (is_file) node.host.attributes_by_hand(path, 0777, 0, 0);
      break;
    case 2:
      node.rules().removed_by_hand(path);
      node.host.remove_by_hand(path);
      break;
    case 3:  // another file in its place, which is nobody's
      node.rules().replaced_by_hand(path);
      replaced_.insert({node.name(), path});
      node.host.remove_by_hand(path);
      node.host.edit_by_hand(path, "a stranger's");
      break;
    default: node.host.edit_by_hand(std::string(kForeign) + std::to_string(below(3)), "near ours"); break;
  }
  node.wake();
}

void Workload::kill_process() {
  auto& node = any_node();
  const auto running = node.host.running();
  if (running.empty()) return;
  const auto& instance = *std::next(running.begin(), static_cast<std::ptrdiff_t>(below(running.size())));
  world_.trace.add(node.name(), "a hand kills " + instance);
  node.rules().disturbed();
  node.rules().process_ended_by_hand(instance);
  node.host.kill_by_hand({instance});
  node.wake();
}

}  // namespace holdfast::sim
