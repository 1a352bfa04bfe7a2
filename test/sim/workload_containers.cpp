// SPDX-License-Identifier: Apache-2.0
// Pods, Deployments and units: what Git says of them, what hands do to them, and what becomes of those that keep them.
#include "test/sim/workload.hpp"

#include <array>

#include "edge_agent/pod_labels.hpp"

namespace holdfast::sim {

using base::EngineCall;
using base::Error;
using base::UnitCall;
using std::chrono::seconds;

namespace {

const std::array<std::string, 2> kPods{"cam-pod", "web-pod"};
constexpr std::string_view kDeployment = "web-dep";
constexpr std::string_view kSteadyPod = "steady-pod";
constexpr std::string_view kSteadyDeployment = "steady-dep";
constexpr std::string_view kSteadyUnit = "steady.service";
constexpr std::uint32_t kSteadyReplicas = 2;
constexpr std::string_view kForeignUnitText =
    "[Service]\nExecStart=/bin/theirs\n[Install]\nWantedBy=multi-user.target\n";

}  // namespace

void Workload::begin_containers() {
  auto& base = repository_["apps/base"];
  base.pods[std::string(kSteadyPod)] = {.version = "1"};
  base.pods[std::string(kSteadyDeployment)] = {.version = "1", .replicas = kSteadyReplicas};
  base.units[std::string(kSteadyUnit)] = {.version = "1"};
  for (const auto& node : world_.nodes) {
    node->container_rules().expect_steady(std::string(kSteadyPod), 1);
    node->container_rules().expect_steady(std::string(kSteadyDeployment), kSteadyReplicas);
    node->unit_rules().expect_steady(std::string(kSteadyUnit));
    const std::string theirs(kForeignUnit);
    node->host.edit_by_hand(unit_path(theirs), std::string(kForeignUnitText));
    node->units.enable_by_hand(theirs);
    node->units.start_by_hand(theirs);
  }
  put_good_containers(repository_["apps/a"]);
}

void Workload::put_good_containers(FolderModel& folder) {
  const auto version = [&] { return chance(50) ? std::to_string(++versions_) : std::string("1"); };
  const auto i = &folder == &repository_["apps/a"] ? 0U : 1U;
  if (chance(60)) folder.pods[kPods[i]] = {.version = version()};
  if (i == 0 && chance(60))
    folder.pods[std::string(kDeployment)] = {.version = version(),
                                             .replicas = 1 + static_cast<std::uint32_t>(below(2))};
  if (chance(60)) folder.units[kUnits[i]] = {.version = version(), .is_idle = chance(20)};
}

// ---- Git ----

void Workload::change_pods() {
  auto& folder = any_folder();
  const bool is_deployment = chance(50);
  const std::string name = is_deployment ? std::string(kDeployment) : kPods[below(kPods.size())];
  const auto known = folder.pods.find(name);
  if (known != folder.pods.end() && chance(30)) {
    folder.pods.erase(known);
  } else if (known != folder.pods.end() && is_deployment && chance(30)) {
    known->second.replicas = 1 + known->second.replicas % 3;  // of the same
  } else {
    using Way = ProcessModel::Way;
    const Way way =
        chance(75) ? Way::kGood : std::array{Way::kExits, Way::kNeverReady, Way::kSlowToStop}[below(3)];
    const auto replicas = is_deployment ? 1 + static_cast<std::uint32_t>(below(3)) : 0U;
    folder.pods[name] = {std::to_string(++versions_), way, replicas};
  }
  commit("pods of " + name_of(folder));
}

void Workload::change_units() {
  auto& folder = any_folder();
  const auto& name = kUnits[below(kUnits.size())];
  if (folder.units.contains(name) && chance(30)) {
    folder.units.erase(name);
  } else {
    const bool fails = chance(20);
    folder.units[name] = {std::to_string(++versions_), fails, !fails && chance(20)};
  }
  commit("units of " + name_of(folder));
}

// ---- hands ----

void Workload::replace_container(NodeBox& node, const base::ContainerName& name) {
  auto& rules = node.container_rules();
  if (rules.is_steady(owner_of_container(name.str()).name)) return;
  rules.taken_by_hand(node.containers.container(name)->id);
  base::ContainerSpec theirs;
  theirs.name = name;
  theirs.image = kImage;
  theirs.entrypoint = {"/bin/theirs", "x"};
  // As another agent's, of which this one cannot say that it made it.
  if (chance(50)) {
    theirs.labels = node.containers.spec_of(name)->labels;
    theirs.labels[edge_agent::pod_labels::kMark] = "another's";
    theirs.labels[edge_agent::pod_labels::kDigest] = "another";
  }
  rules.removed_by_hand(name.str());
  node.containers.remove_by_hand(name);
  rules.made_by_hand(node.containers.create_by_hand(theirs));
  node.containers.start_by_hand(name);
}

/// As `docker commit` and `docker run` make one: with all that ours says of itself.
void Workload::copy_container(NodeBox& node, const base::ContainerName& name) {
  auto theirs = *node.containers.spec_of(name);
  theirs.name = base::ContainerName("copy" + std::to_string(++contents_));
  node.container_rules().made_by_hand(node.containers.create_by_hand(theirs));
  node.containers.start_by_hand(theirs.name);
}

void Workload::meddle_with_containers() {
  auto& node = any_node();
  const auto names = node.containers.names();
  if (names.empty()) return;
  const auto& name = names[below(names.size())];
  const auto kind = below(5);
  world_.trace.add(node.name(), "a hand at container " + name.str() + ", kind " + std::to_string(kind));
  node.rules().disturbed();
  auto& rules = node.container_rules();
  const bool runs = node.containers.running().contains(name.str());
  switch (kind) {
    case 0:
      if (runs) rules.ended_by_hand(name.str());
      node.containers.exit_by_hand(name, std::array<std::int64_t, 3>{0, 1, 137}[below(3)]);
      break;
    case 1:
      if (rules.is_foreign(node.containers.container(name)->id)) break;
      rules.removed_by_hand(name.str());
      node.containers.remove_by_hand(name);
      break;
    case 2: node.containers.start_by_hand(name); break;
    case 3: replace_container(node, name); break;
    default: copy_container(node, name);
  }
  node.wake();
}

void Workload::meddle_with_units() {
  auto& node = any_node();
  const auto kind = below(5);
  const std::string unit = chance(30) ? std::string(kSteadyUnit) : kUnits[below(kUnits.size())];
  world_.trace.add(node.name(), "a hand at " + unit + ", kind " + std::to_string(kind));
  const auto state = node.units.state(unit);
  if (state.load != "loaded") return;
  node.rules().disturbed();
  constexpr std::uint32_t kKillsMax = 3;  // beyond the fifth systemd lets it lie
  switch (kind) {
    case 0:
      node.unit_rules().ended_by_hand(unit);
      node.units.stop_by_hand(unit);
      break;
    case 1:
      if (state.active == "active" && state.restarts < kKillsMax) node.units.kill_by_hand(unit);
      break;
    case 2: node.units.disable_by_hand(unit); break;
    case 3: node.units.restart_by_hand(unit); break;
    default:
      if (node.unit_rules().is_steady(unit)) break;
      node.host.edit_by_hand(unit_path(unit), "[Service]\nExecStart=/bin/by-hand\n");
      node.units.reload_by_hand();
      node.units.restart_by_hand(unit);
  }
  node.wake();
}

// ---- misfortune ----

/// Docker without live-restore: with it all that runs ends.
void Workload::restart_engine(NodeBox& node) {
  node.containers.set_gone(true);
  node.container_rules().all_end();
  for (const auto& name : node.containers.running())
    node.containers.exit_by_hand(base::ContainerName(name), 137);
  node.wake();
  world_.pass(seconds(below(90)));
  node.containers.set_gone(false);
}

void Workload::trouble_engine() {
  auto& node = any_node();
  const auto kind = below(7);
  world_.trace.add(node.name(), "trouble with the container engine, kind " + std::to_string(kind));
  node.rules().disturbed();
  const auto call = std::array{EngineCall::kCreate, EngineCall::kStart, EngineCall::kStop,
                               EngineCall::kRemove, EngineCall::kInspect}[below(5)];
  switch (kind) {
    case 0: node.containers.set_gone(true); break;
    case 1: restart_engine(node); break;
    case 2: node.containers.set_hung(true); break;
    case 3: node.containers.set_lost_answer(call, Error(base::Code::kTimeout, "no answer")); break;
    case 4: node.containers.set_failure(call, Error(base::Code::kIo, "input/output error")); break;
    case 5: node.containers.end_events(); break;
    default: end_trouble_of_containers(node);
  }
  node.wake();
}

void Workload::trouble_systemd() {
  auto& node = any_node();
  const auto kind = below(5);
  world_.trace.add(node.name(), "trouble with systemd, kind " + std::to_string(kind));
  node.rules().disturbed();
  const auto call = std::array{UnitCall::kStart, UnitCall::kRestart, UnitCall::kStop, UnitCall::kEnable,
                               UnitCall::kReload}[below(5)];
  switch (kind) {
    case 0: node.units.set_gone(true); break;
    case 1: node.units.set_hung(true); break;
    case 2: node.units.set_lost_answer(call, Error(base::Code::kTimeout, "no answer")); break;
    case 3: node.units.set_failure(call, Error(base::Code::kIo, "input/output error")); break;
    default: end_trouble_of_containers(node);
  }
  node.wake();
}

void Workload::end_trouble_of_containers(NodeBox& node) {
  node.containers.set_gone(false);
  node.containers.set_hung(false);
  node.units.set_gone(false);
  node.units.set_hung(false);
  for (const auto call : {EngineCall::kCreate, EngineCall::kStart, EngineCall::kStop, EngineCall::kRemove,
                          EngineCall::kInspect}) {
    node.containers.set_lost_answer(call, std::nullopt);
    node.containers.set_failure(call, std::nullopt);
  }
  for (const auto call :
       {UnitCall::kStart, UnitCall::kRestart, UnitCall::kStop, UnitCall::kEnable, UnitCall::kReload}) {
    node.units.set_lost_answer(call, std::nullopt);
    node.units.set_failure(call, std::nullopt);
  }
  node.wake();
}

/// Who stands in the way of ours goes; who does not stays, and must be there in the end.
void Workload::clear_away_containers(NodeBox& node) {
  for (const auto& name : node.containers.names()) {
    if (!name.str().starts_with("hf.") ||
        !node.container_rules().is_foreign(node.containers.container(name)->id))
      continue;
    world_.trace.add(node.name(), "a hand clears away container " + name.str());
    node.container_rules().taken_by_hand(node.containers.container(name)->id);
    node.containers.remove_by_hand(name);
  }
}

/// Once more on what nobody else touches.
void Workload::meddle_with_what_is_steady(NodeBox& node) {
  const base::ContainerName pod("hf.default." + std::string(kSteadyPod) + ".app");
  if (!node.containers.running().contains(pod.str())) return;
  if (chance(50)) {
    node.container_rules().ended_by_hand(pod.str());
    node.containers.exit_by_hand(pod, 1);
  } else {
    node.container_rules().removed_by_hand(pod.str());
    node.containers.remove_by_hand(pod);
  }
  node.unit_rules().ended_by_hand(std::string(kSteadyUnit));
  node.units.stop_by_hand(std::string(kSteadyUnit));
  node.wake();
}

}  // namespace holdfast::sim
