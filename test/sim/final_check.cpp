// SPDX-License-Identifier: Apache-2.0
#include "test/sim/final_check.hpp"

#include <algorithm>

#include "edge_agent/process_effective.hpp"
#include "test/sim/workload.hpp"

namespace holdfast::sim {

namespace {
/// Last seen is saved every ten minutes.
constexpr std::uint64_t kHubCommitsMax = 7;
}  // namespace

/// What an application left on purpose, or a restored hub does not know of.
bool FinalCheck::may_be_left(const NodeBox& node, const sync::Claim& claim) const {
  return world_.oracle.was_released(claim) || world_.oracle.may_stay(node.name(), claim);
}

std::string FinalCheck::files(NodeBox& node, const FolderModel& wanted) const {
  for (const auto& [path, model] : wanted.files) {
    const auto* file = node.host.file(path);
    if (file == nullptr) return path + " is missing";
    if (file->type != base::FileType::kRegular) return path + " is no file";
    if (file->content != model.content)
      return path + " holds \"" + file->content + "\", not \"" + model.content + "\"";
    if (file->mode != model.mode) return path + " has another mode";
  }
  for (const auto& [path, file] : node.host.files()) {
    if (file.type == base::FileType::kDirectory || wanted.files.contains(path)) continue;
    // What a person put there stays, also when it was taken over.
    const bool is_somebodys = !node.rules().made(path) || node.rules().was_there(path);
    if (is_somebodys || may_be_left(node, path_claim(path))) continue;
    return path + " is still there";
  }
  return "";
}

std::string FinalCheck::processes(NodeBox& node, const FolderModel& wanted) const {
  std::set<std::string> expected;
  for (const auto& [name, model] : wanted.processes) {
    const auto id = edge_agent::instance_of(process_claim(name));
    expected.insert(id.instance);
    if (!node.host.running().contains(id.instance)) return name + " does not run";
    const auto* start = node.host.started_with(id);
    if (start->argv.size() < 2 || start->argv[1] != model.argument()) return name + " runs with another spec";
  }
  for (const auto& instance : node.host.running()) {
    if (expected.contains(instance)) continue;
    const auto dot = instance.find('.') + 1;
    const auto name = instance.substr(dot, instance.rfind('-') - dot);
    if (!may_be_left(node, process_claim(name))) return name + " still runs";
  }
  return "";
}

std::string FinalCheck::containers(NodeBox& node, const FolderModel& wanted) const {
  const auto running = node.containers.running();
  std::map<std::string, std::uint32_t> pods;
  for (const auto& name : node.containers.names()) {
    if (node.container_rules().is_foreign(node.containers.container(name)->id)) continue;
    const auto owner = owner_of_container(name.str());
    const auto model = wanted.pods.find(owner.name);
    if (model == wanted.pods.end()) {
      if (may_be_left(node, owner.claim)) continue;
      return "container " + name.str() + " is still there";
    }
    if (!running.contains(name.str())) return "container " + name.str() + " does not run";
    if (argument_of(node.containers.spec_of(name)) != model->second.argument())
      return "container " + name.str() + " is of another spec";
    ++pods[owner.name];
  }
  for (const auto& [name, model] : wanted.pods) {
    if (!node.rules().stored().entry(pod_claim(name, model))) return name + " is not in the inventory";
    const auto count = std::max(model.replicas, 1U);
    if (pods[name] != count)
      return name + " has " + std::to_string(pods[name]) + " pods, not " + std::to_string(count);
  }
  if (node.container_rules().is_any_foreign_gone()) return "a container of somebody's is gone";
  return "";
}

std::string FinalCheck::units(NodeBox& node, const FolderModel& wanted) const {
  if (!node.has_workloads()) return "";
  for (const auto& [name, model] : wanted.units) {
    if (!node.rules().stored().entry(unit_claim(name))) return name + " is not in the inventory";
    if (node.units.is_active(name) == model.is_idle)
      return name + (model.is_idle ? " runs" : " does not run");
    if (node.units.is_enabled(name) == model.is_idle)
      return name + (model.is_idle ? " is enabled" : " is not enabled");
    if (!model.is_idle && node.units.started_with(name) != model.content())
      return name + " runs with another content";
  }
  for (const auto& name : kUnits) {
    if (wanted.units.contains(name) || may_be_left(node, unit_claim(name))) continue;
    if (node.units.is_active(name)) return name + " still runs";
    if (node.units.is_enabled(name)) return name + " is still enabled";
  }
  const std::string theirs(kForeignUnit);
  if (!node.units.is_active(theirs) || !node.units.is_enabled(theirs)) return theirs + " was somebody's";
  return "";
}

std::string FinalCheck::talk(NodeBox& node) const {
  if (node.engine() == nullptr) return "is down";
  const auto& snapshot = node.engine()->snapshot();
  const auto desired = world_.hub->desired_of(node.uid());
  if (desired != snapshot.accepted) return "has not accepted what the hub says";
  if (snapshot.applied != snapshot.accepted) return "has not applied what it accepted";
  const auto is_unverified = [](const sync::Condition& one) {
    return one.type == "StateVerified" && one.status == "False";
  };
  if (std::ranges::any_of(snapshot.conditions, is_unverified)) return "does not believe what it holds";
  const auto shown = world_.hub->snapshot_of(node.uid());
  if (shown != sync::snapshot_digest(snapshot)) return "the hub does not show its last snapshot";
  return "";
}

std::string FinalCheck::events(NodeBox& node) const {
  return node.events().difference(world_.hub->events_of(node.name()),
                                  world_.hub->forgotten_events(node.name()));
}

/// Whether nothing is wrong with it but what it took over from one that a restored hub has forgotten: that stays.
bool FinalCheck::has_leftovers_alone(const std::string& application) const {
  std::size_t left = 0;
  for (const auto& node : world_.nodes) {
    for (const auto& section : node->engine()->snapshot().sections) {
      if (section.name != application) continue;
      for (const auto& resource : section.resources) {
        if (resource.sync == sync::SyncStatus::kSynced) continue;
        if (resource.reason != "PruneDisabled" || !world_.oracle.has_leftovers(node->name())) return false;
        ++left;
      }
    }
  }
  return left > 0;
}

std::string FinalCheck::application(const std::string& name) const {
  const auto status = world_.hub->status_of(name);
  if (status == "Synced Healthy") return "";
  if (status == "OutOfSync Healthy" && has_leftovers_alone(name)) return "";
  return "application " + name + " is " + status;
}

std::string FinalCheck::difference() {
  for (const auto& node : world_.nodes) {
    const auto wanted = world_.oracle.wanted_on(node->name());
    for (const auto& found : {files(*node, wanted), processes(*node, wanted), containers(*node, wanted),
                              units(*node, wanted), talk(*node), events(*node)}) {
      if (!found.empty()) return node->name() + ": " + found;
    }
  }
  for (const auto& [name, application] : world_.oracle.applications()) {
    if (!application.exists) continue;
    if (auto found = this->application(name); !found.empty()) return found;
  }
  return "";
}

void FinalCheck::must_be_equal() {
  const auto found = difference();
  if (found.empty()) return;
  for (const auto& node : world_.nodes) {
    if (node->engine() == nullptr) continue;
    const auto& snapshot = node->engine()->snapshot();
    world_.trace.add(node->name(),
                     "accepted " + snapshot.accepted.text() + ", applied " + snapshot.applied.text());
    for (const auto& section : snapshot.sections) {
      world_.trace.add(node->name(), section.name + " " + std::string(sync::to_string(section.phase)) + " " +
                                         section.reason + " " + section.message);
      for (const auto& resource : section.resources) {
        if (resource.sync == sync::SyncStatus::kSynced && resource.health == sync::Health::kHealthy) continue;
        world_.trace.add(node->name(), "  " + resource.key.brief() + " " +
                                           std::string(sync::to_string(resource.sync)) + " " +
                                           resource.reason + " " + resource.message);
      }
    }
  }
  for (const auto& [name, application] : world_.oracle.applications()) {
    world_.trace.add("hub", name + " " + world_.hub->status_of(name) + " " + world_.hub->story_of(name));
  }
  world_.judge.violated("converges", found);
}

/// A process that ends again and again, of an application that a restored hub has forgotten: it stays, and is started again
/// and again.
bool FinalCheck::has_failing_leftovers(NodeBox& node) const {
  if (!world_.oracle.has_leftovers(node.name())) return false;
  std::set<std::string> named;
  for (const auto& section : node.accepted_header().sections) named.insert(section.name);
  const auto is_left = [](const auto& resource) {
    return resource.reason == "PruneDisabled" && resource.health != sync::Health::kHealthy;
  };
  return std::ranges::any_of(node.engine()->snapshot().sections, [&](const auto& section) {
    if (!named.contains(section.name)) return world_.oracle.ever_failing(section.name);
    return std::ranges::any_of(section.resources, is_left);
  });
}

FinalCheck::Activity FinalCheck::activity(const NodeBox& node) const {
  auto& watched = const_cast<NodeBox&>(node);
  const auto& engine = node.containers.touched();
  return {.host = node.host.touched().changes(),
          .engine = engine.changes() + engine.lists + engine.inspects,
          .systemd = node.units.touched().changes(),
          .store = node.store.commits(),
          .outbox = node.segments.writes(),
          .messages = watched.rules().messages_but_hello()};
}

void FinalCheck::begin_quiet() {
  nodes_.clear();
  for (const auto& node : world_.nodes) nodes_.push_back(activity(*node));
  hub_messages_ = world_.hub->rules().messages();
  hub_commits_ = world_.hub->store.commits();
}

void FinalCheck::must_be_quiet() {
  bool is_exempt = false;  // then the hub hears of it
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (has_failing_leftovers(*world_.nodes[i])) {
      is_exempt = true;
      continue;
    }
    const auto now = activity(*world_.nodes[i]);
    if (now == nodes_[i]) continue;
    world_.judge.violated("falls-quiet",
                          world_.nodes[i]->name() + ": " + std::to_string(now.host - nodes_[i].host) +
                              " changes of the host, " + std::to_string(now.engine - nodes_[i].engine) +
                              " calls of the engine, " + std::to_string(now.systemd - nodes_[i].systemd) +
                              " of systemd, " + std::to_string(now.store - nodes_[i].store) + " commits, " +
                              std::to_string(now.outbox - nodes_[i].outbox) + " writes of the outbox, " +
                              std::to_string(now.messages - nodes_[i].messages) + " messages");
  }
  if (is_exempt) return;
  const auto messages = world_.hub->rules().messages() - hub_messages_;
  const auto commits = world_.hub->store.commits() - hub_commits_;
  if (messages > 0 || commits > kHubCommitsMax) {
    world_.judge.violated("falls-quiet", "hub: " + std::to_string(messages) + " messages, " +
                                             std::to_string(commits) + " commits");
  }
}

}  // namespace holdfast::sim
