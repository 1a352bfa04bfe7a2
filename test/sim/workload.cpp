// SPDX-License-Identifier: Apache-2.0
#include "test/sim/workload.hpp"

#include <array>

namespace holdfast::sim {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

constexpr std::string_view kFact = "facts.holdfast.dev/zone";
const std::array<std::string, 8> kPaths{"/etc/hf/p0", "/etc/hf/p1", "/etc/hf/p2", "/etc/hf/p3",
                                        "/etc/hf/p4", "/srv/p5",    "/srv/d/p6",  "/srv/d/p7"};
const std::array<std::string, 3> kProcesses{"cam", "web", "log"};
constexpr std::string_view kForeign = "/etc/hf/foreign";
constexpr std::string_view kSteady = "steady";
constexpr std::size_t kBigFiles = 30;

std::string path_of_big(std::size_t i) { return "/var/big/" + std::to_string(i); }

}  // namespace

Workload::Workload(World& world) : world_(world) {}

// ---- the beginning ----

void Workload::begin() {
  auto& oracle = world_.oracle;
  for (const auto& node : world_.nodes) {
    labels_[node->name()] = {{"role", "edge"}, {"group", chance(50) ? "g1" : "g2"}};
    oracle.node_labels(node->name(), labels_[node->name()]);
    node->set_facts({{"zone", "a"}});
    node->host.edit_by_hand(std::string(kForeign), "a person's");
    node->rules().expect_process(std::string(kSteady));
  }
  repository_["apps/base"] = {.files = {{"base", {"/etc/hf/base", "base"}}},
                              .processes = {{std::string(kSteady), {"1"}}}};
  for (const auto* folder : {"apps/a", "apps/b", "apps/c"}) repository_[folder];
  const std::array<std::string, 3> folders{"apps/a", "apps/b", "apps/c"};
  for (std::size_t i = 0; i < folders.size(); ++i) {
    auto& model = repository_[folders[i]];
    model.files["f" + std::to_string(i)] = {kPaths[i], next_content()};
    if (chance(60)) model.processes[kProcesses[i]] = {std::to_string(++versions_)};
  }
  if (chance(25)) {
    auto& big = repository_["apps/big"];
    for (std::size_t i = 0; i < kBigFiles; ++i)
      big.files["big" + std::to_string(i)] = {path_of_big(i), "big"};
  }
  oracle.application({"base", "apps/base", "role", "edge", false, true});
  oracle.application({"a", "apps/a", "role", "edge", chance(50), true});
  oracle.application({"b", "apps/b", "group", "g1", chance(50), true});
  oracle.application({"c", "apps/c", chance(50) ? std::string(kFact) : "role", "a", false, true});
  if (oracle.applications().at("c").key == "role")
    oracle.application({"c", "apps/c", "group", "g2", true, true});
  if (repository_.contains("apps/big")) oracle.application({"big", "apps/big", "role", "edge", false, true});
  world_.run();
  commit("first");
  settle_objects();
}

bool Workload::settle_objects() {
  bool done = true;
  for (const auto& node : world_.nodes) {
    const auto& labels = labels_[node->name()];
    const bool known = world_.hub->add_node(node->name(), node->uid(), labels);
    for (const auto& [key, value] : labels) {
      if (!known) done = world_.hub->label(node->name(), key, value) && done;
    }
  }
  for (const auto& [name, application] : world_.oracle.applications()) {
    if (!application.exists || world_.hub->apply(application)) continue;
    done = false;
    world_.oracle.unclear_application(name);
  }
  return done;
}

// ---- Git ----

void Workload::push(const std::string& why, bool rewritten) {
  gitops::FakeGitSource::Tree tree{{"README.md", std::string("fleet")}};
  for (const auto& [folder, model] : repository_) {
    if (!model.empty() || model.damage != Damage::kNone) {
      tree.insert_or_assign(folder + "/" + model.file_name, gitops::FakeFile(model.yaml()));
    } else if (chance(50)) {  // a folder that is there and holds nothing, or no folder at all
      tree.insert_or_assign(folder + "/README.md", gitops::FakeFile("nothing here"));
    }
  }
  auto& git = world_.hub->git;
  const std::string url(kRepository);
  const auto revision = rewritten ? git.rewrite(url, "main", std::move(tree), why)
                                  : git.commit(url, "main", std::move(tree), why);
  world_.trace.add("git", revision.str().substr(0, 8) + " " + why);
  revisions_.push_back(revision.str());
  world_.oracle.committed(revision.str(), repository_);
}

void Workload::commit(const std::string& why) {
  for (const auto& [name, model] : repository_) {
    if (model.damage == Damage::kNone && model.fails_on_nodes()) failures_.insert_or_assign(name, model);
  }
  push(why, false);
  if (chance(70)) world_.hub->refresh(any_application());
}

std::string Workload::any_application() {
  const std::array<std::string, 3> names{"a", "b", "c"};
  return names[below(names.size())];
}

FolderModel& Workload::any_folder() {
  const std::array<std::string, 3> folders{"apps/a", "apps/b", "apps/c"};
  return repository_[folders[below(folders.size())]];
}

std::string Workload::name_of(const FolderModel& folder) const {
  for (const auto& [name, model] : repository_) {
    if (&model == &folder) return name;
  }
  return "?";
}

void Workload::change_files() {
  auto& folder = any_folder();
  const std::string name = "f" + std::to_string(below(4));
  if (folder.files.contains(name) && chance(35)) {
    folder.files.erase(name);
  } else if (folder.files.contains(name) && chance(70)) {
    folder.files[name].content = next_content();
    folder.files[name].mode = chance(20) ? 0600 : 0644;
  } else {
    const auto& path = kPaths[below(kPaths.size())];
    if (folder.holds(path_claim(path))) return;
    folder.files[name] = {path, next_content()};
  }
  commit("files of " + name_of(folder));
}

void Workload::change_processes() {
  auto& folder = any_folder();
  const auto& name = kProcesses[below(kProcesses.size())];
  if (folder.processes.contains(name) && chance(30)) {
    folder.processes.erase(name);
  } else {
    using Way = ProcessModel::Way;
    const Way way =
        chance(75) ? Way::kGood : std::array{Way::kExits, Way::kNeverReady, Way::kSlowToStop}[below(3)];
    folder.processes[name] = {std::to_string(++versions_), way};
  }
  commit("processes of " + name_of(folder));
}

/// A file goes from one application to another in one commit.
void Workload::move_claim() {
  auto& from = any_folder();
  auto& to = any_folder();
  if (&from == &to || from.files.size() < 2) return;
  const auto moved = *from.files.begin();
  if (to.files.contains(moved.first) || to.holds(path_claim(moved.second.path))) return;
  from.files.erase(moved.first);
  to.files.insert(moved);
  commit("moves " + moved.second.path + " from " + name_of(from) + " to " + name_of(to));
}

/// File/a becomes File/b on the same path; or only the file in Git is called otherwise.
void Workload::rename_resource() {
  auto& folder = any_folder();
  if (folder.files.empty()) return;
  if (chance(50)) {
    folder.file_name = folder.file_name == "all.yaml" ? "other.yaml" : "all.yaml";
    return commit("renames the file of " + name_of(folder));
  }
  const auto renamed = *folder.files.begin();
  const std::string name = "r" + std::to_string(below(3));
  if (folder.files.contains(name)) return;
  folder.files.erase(renamed.first);
  folder.files[name] = renamed.second;
  commit("renames " + renamed.first + " to " + name + " in " + name_of(folder));
}

void Workload::break_or_mend() {
  auto& folder = any_folder();
  if (folder.damage != Damage::kNone) {
    folder.damage = Damage::kNone;
    return commit("mends " + name_of(folder));
  }
  folder.damage = chance(50) ? Damage::kYaml : Damage::kSpec;
  commit((folder.damage == Damage::kYaml ? "breaks the YAML of " : "breaks a spec of ") + name_of(folder));
}

/// Much or all is gone at once.
void Workload::shrink() {
  const auto before = repository_;
  if (repository_.contains("apps/big") && chance(50)) {
    auto& files = repository_["apps/big"].files;
    const auto kept = 1 + below(kBigFiles - 1);
    if (files.size() <= kept) return;
    files.erase(std::next(files.begin(), static_cast<std::ptrdiff_t>(kept)), files.end());
    return commit("shrinks");
  }
  if (chance(50)) {
    for (auto& [folder, model] : repository_) model = FolderModel{};
  } else {
    any_folder() = FolderModel{};
  }
  commit("empties");
  world_.pass(seconds(1 + static_cast<std::int64_t>(below(60))));
  repository_ = before;
  commit("restores");
}

// ---- people ----

void Workload::relabel() {
  if (!world_.hub->is_up()) return;
  auto& node = any_node();
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

// ---- hands ----

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

void Workload::act() {
  struct Choice {
    int weight;
    void (Workload::*act)();
  };
  static constexpr std::array kChoices{
      Choice{20, &Workload::change_files},   Choice{12, &Workload::change_processes},
      Choice{6, &Workload::move_claim},      Choice{6, &Workload::rename_resource},
      Choice{6, &Workload::break_or_mend},   Choice{4, &Workload::shrink},
      Choice{5, &Workload::relabel},         Choice{5, &Workload::ask},
      Choice{4, &Workload::roll_back},       Choice{3, &Workload::repoint},
      Choice{4, &Workload::remove_or_apply}, Choice{12, &Workload::meddle},
      Choice{6, &Workload::kill_process},    Choice{14, &Workload::crash},
      Choice{4, &Workload::cut_power},       Choice{8, &Workload::trouble_network},
      Choice{5, &Workload::trouble_disk},    Choice{5, &Workload::trouble_git},
      Choice{3, &Workload::move_clock},      Choice{5, &Workload::change_facts},
      Choice{3, &Workload::replay},          Choice{3, &Workload::fail_again},
      Choice{3, &Workload::steal},
  };
  int total = 0;
  for (const auto& choice : kChoices) total += choice.weight;
  auto drawn = static_cast<int>(below(static_cast<std::uint64_t>(total)));
  for (const auto& choice : kChoices) {
    drawn -= choice.weight;
    if (drawn >= 0) continue;
    (this->*choice.act)();
    return;
  }
}

// ---- misfortune ----

void Workload::crash() {
  const auto later = milliseconds(1 + below(5'000));
  const auto points = static_cast<std::uint32_t>(1 + below(12));
  if (chance(40)) {
    world_.hub->crash_within(points, later);
  } else {
    any_node().crash_within(points, later);
  }
}

void Workload::cut_power() {
  auto& node = any_node();
  const auto later =
      chance(80) ? milliseconds(below(20'000)) : std::chrono::duration_cast<milliseconds>(hours(below(72)));
  if (chance(70)) {
    node.power_cut(later);
  } else if (chance(50)) {
    node.stop_for(later);
  } else {
    world_.hub->stop_for(chance(50) ? milliseconds(below(60'000))
                                    : std::chrono::duration_cast<milliseconds>(hours(below(6))));
  }
}

/// A message of long ago comes once more.
void Workload::replay() {
  auto& node = any_node();
  const auto states = world_.hub->rules().states_for(node.uid());
  if (states.empty()) return;
  world_.trace.add(node.name(), "an old desired state comes again");
  static_cast<void>(
      world_.parrot->publish(sync::Topics::down(node.uid()), states[below(states.size())], false));
}

/// The very revision that failed before.
void Workload::fail_again() {
  if (failures_.empty()) return;
  const auto [name, model] =
      *std::next(failures_.begin(), static_cast<std::ptrdiff_t>(below(failures_.size())));
  repository_[name] = model;
  commit("fails again in " + name);
}

/// While no agent looks, a stranger's file takes the place of one that goes from Git.
void Workload::steal() {
  auto& node = any_node();
  auto& folder = any_folder();
  if (folder.files.empty() || !folder.is_good()) return;
  const auto [name, model] = *folder.files.begin();
  node.stop_for(seconds(2 + static_cast<std::int64_t>(below(10))));
  world_.run();
  world_.trace.add(node.name(), "a stranger takes the place of " + model.path);
  node.rules().replaced_by_hand(model.path);
  replaced_.insert({node.name(), model.path});
  node.host.remove_by_hand(model.path);
  node.host.edit_by_hand(model.path, "a stranger's");
  folder.files.erase(name);
  commit("removes " + name + " from " + name_of(folder));
}

void Workload::trouble_disk() {
  auto& node = any_node();
  const auto kind = std::array{0, 1, 2, 3, 3, 3, 4, 5}[below(8)];
  world_.trace.add(node.name(), "trouble with disks, kind " + std::to_string(kind));
  switch (kind) {
    case 0: node.store.full_after(below(4)); break;
    case 1: node.store.set_read_only(true); break;
    case 2: world_.hub->store.full_after(below(4)); break;
    case 3:
      node.rules().disturbed();
      node.host.set_fault(
          chance(50) ? "/etc/hf" : "/srv",
          std::array{base::FileFault::kNoSpace, base::FileFault::kReadOnly, base::FileFault::kIo}[below(3)]);
      break;
    default:
      node.store.full_after(std::nullopt);
      node.store.set_read_only(false);
      node.host.clear_faults();
      world_.hub->store.full_after(std::nullopt);
  }
}

void Workload::trouble_git() {
  auto& git = world_.hub->git;
  const std::string url(kRepository);
  const auto kind = below(4);
  world_.trace.add("git", "trouble, kind " + std::to_string(kind));
  switch (kind) {
    case 0: git.set_unreachable(url, base::Error(base::Code::kUnavailable, "no route to host")); break;
    case 1: push("rewrites history", true); break;
    case 2:
      git.delete_branch(url, "main");
      world_.trace.add("git", "main is deleted");
      world_.pass(seconds(below(60)));
      push("main is back", true);
      break;
    default: git.set_unreachable(url, std::nullopt);
  }
}

void Workload::move_clock() {
  const auto by = std::chrono::duration_cast<milliseconds>(hours(below(48))) -
                  std::chrono::duration_cast<milliseconds>(hours(24));
  Box& box = chance(30) ? static_cast<Box&>(*world_.hub) : any_node();
  world_.trace.add(box.name(), "clock moves by " + std::to_string(by.count()));
  box.clock.jump_wall(by);
}

void Workload::change_facts() {
  auto& node = any_node();
  const auto kind = below(3);
  world_.trace.add(node.name(), "facts, kind " + std::to_string(kind));
  switch (kind) {
    case 0: node.set_facts({}); break;
    case 1: node.set_facts({{"zone", "b"}}); break;
    default: node.set_facts({{"zone", "a"}});
  }
}

void Workload::trouble_network() {
  auto& broker = world_.broker;
  const auto& node = any_node();
  const auto kind = below(4);
  world_.trace.add(node.name(), "trouble with the network, kind " + std::to_string(kind));
  switch (kind) {
    case 0: broker.partition(node.client_id()); break;
    case 1: broker.heal(node.client_id()); break;
    case 2: broker.restart(); break;
    default: {
      sync::LinkFaults faults;
      faults.loss = static_cast<std::uint32_t>(below(4) * 80);
      faults.duplicate = static_cast<std::uint32_t>(below(3) * 80);
      faults.reorder = static_cast<std::uint32_t>(below(3) * 80);
      broker.set_faults(faults);
    }
  }
}

// ---- the end ----

/// What a stranger put in the place of something that Git wants no more stays for ever, and is shown as a leftover for
/// as long: in the end the stranger takes it away again.
void Workload::clear_away() {
  for (const auto& node : world_.nodes) {
    for (const auto& path : kPaths) {
      const bool is_strangers = replaced_.contains({node->name(), path}) && !node->rules().made(path);
      if (!is_strangers || node->host.file(path) == nullptr) continue;
      world_.trace.add(node->name(), "a hand clears away " + path);
      node->host.remove_by_hand(path);
      node->wake();
    }
  }
}

void Workload::make_safe() {
  world_.broker.up();
  world_.broker.set_faults({});
  for (const auto& node : world_.nodes) {
    world_.broker.heal(node->client_id());
    node->make_safe();
    node->host.clear_faults();
    node->store.set_read_only(false);
    node->store.full_after(std::nullopt);
    node->set_facts({{"zone", "a"}});
  }
  clear_away();
  world_.hub->make_safe();
  world_.hub->store.set_read_only(false);
  world_.hub->store.full_after(std::nullopt);
  world_.hub->git.set_unreachable(std::string(kRepository), std::nullopt);
}

void Workload::commit_last() {
  const std::array<std::string, 3> folders{"apps/a", "apps/b", "apps/c"};
  for (std::size_t i = 0; i < folders.size(); ++i) {
    auto& folder = repository_[folders[i]];
    folder = FolderModel{};
    folder.files["last"] = {kPaths[below(2) * 3 + i], "last"};
    if (chance(70))
      folder.processes[kProcesses[i]] = {std::to_string(chance(50) ? ++versions_ : 1),
                                         ProcessModel::Way::kGood};
  }
  for (const auto* name : {"a", "b", "c"}) {
    auto application = world_.oracle.applications().at(name);
    application.folder = std::string("apps/") + name;
    application.exists = true;
    world_.oracle.rollback_ended(name);
    world_.oracle.application(application);
  }
  push("last", false);
}

void Workload::confirm_prunes() {
  for (const auto& [name, application] : world_.oracle.applications()) {
    world_.oracle.prune_confirmed(name);
    if (application.exists) world_.hub->sync(name, true);
  }
}

}  // namespace holdfast::sim
