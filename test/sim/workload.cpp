// SPDX-License-Identifier: Apache-2.0
#include "test/sim/workload.hpp"

#include <array>

namespace holdfast::sim {

namespace {

constexpr std::string_view kFact = "facts.holdfast.dev/zone";
constexpr std::string_view kSteady = "steady";

std::string path_of_big(std::size_t i) { return "/var/big/" + std::to_string(i); }

}  // namespace

Workload::Workload(World& world, int fails_again) : world_(world), fails_again_(fails_again) {}

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
  if (world_.has_workloads()) begin_containers();
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

void Workload::act() {
  struct Choice {
    int weight;
    void (Workload::*act)();
  };
  std::vector<Choice> choices{
      Choice{20, &Workload::change_files},
      Choice{12, &Workload::change_processes},
      Choice{10, &Workload::change_hooks},
      Choice{6, &Workload::move_claim},
      Choice{6, &Workload::rename_resource},
      Choice{6, &Workload::break_or_mend},
      Choice{4, &Workload::shrink},
      Choice{5, &Workload::relabel},
      Choice{5, &Workload::ask},
      Choice{4, &Workload::roll_back},
      Choice{3, &Workload::repoint},
      Choice{4, &Workload::remove_or_apply},
      Choice{12, &Workload::meddle},
      Choice{6, &Workload::kill_process},
      Choice{14, &Workload::crash},
      Choice{4, &Workload::cut_power},
      Choice{8, &Workload::trouble_network},
      Choice{5, &Workload::trouble_disk},
      Choice{5, &Workload::trouble_git},
      Choice{3, &Workload::move_clock},
      Choice{5, &Workload::change_facts},
      Choice{3, &Workload::replay},
      Choice{fails_again_, &Workload::fail_again},
      Choice{3, &Workload::steal},
      Choice{5, &Workload::back_up},
      Choice{3, &Workload::restore},
      Choice{3, &Workload::approve},
      Choice{4, &Workload::rotate},
      Choice{5, &Workload::attack},
      Choice{2, &Workload::restore_what_was_taken_back},
      Choice{3, &Workload::change_through_trouble},
      Choice{10, &Workload::change_secret},
      Choice{4, &Workload::rotate_sealing_key},
  };
  if (world_.has_workloads()) {
    for (const Choice& choice :
         {Choice{25, &Workload::change_pods}, Choice{15, &Workload::change_units},
          Choice{15, &Workload::meddle_with_containers}, Choice{12, &Workload::meddle_with_units},
          Choice{12, &Workload::trouble_engine}, Choice{6, &Workload::trouble_systemd}})
      choices.push_back(choice);
  }
  int total = 0;
  for (const auto& choice : choices) total += choice.weight;
  auto drawn = static_cast<int>(below(static_cast<std::uint64_t>(total)));
  for (const auto& choice : choices) {
    drawn -= choice.weight;
    if (drawn >= 0) continue;
    (this->*choice.act)();
    return;
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
    if (!world_.has_workloads()) continue;
    end_trouble_of_containers(*node);
    clear_away_containers(*node);
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
    if (chance(60) && !world_.oracle.applications().at(std::string(1, folders[i].back())).reads_facts())
      put_secret(folder);
    folder.files["last"] = {kPaths[below(2) * 3 + i], "last"};
    if (chance(70))
      folder.processes[kProcesses[i]] = {std::to_string(chance(50) ? ++versions_ : 1),
                                         ProcessModel::Way::kGood};
    if (chance(50)) folder.hooks[hook_name(folders[i], "PreSync")] = {std::to_string(++versions_), "PreSync"};
    if (world_.has_workloads() && i < 2) put_good_containers(folder);
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
