// SPDX-License-Identifier: Apache-2.0
// Crashes, power cuts, networks, disks, clocks, and what comes again.
#include "test/sim/workload.hpp"

#include <array>

namespace holdfast::sim {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

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
  world_.attacker->repeat(node, states[below(states.size())]);
}

/// The very revision that failed before, long ago or just now.
void Workload::fail_again() {
  if (failures_.empty()) return;
  const auto [name, model] =
      *std::next(failures_.begin(), static_cast<std::ptrdiff_t>(below(failures_.size())));
  if (chance(50)) {
    repository_[name] = model;
    commit("fails in " + name);
    world_.pass(seconds(180));
    for (auto& [process, mended] : repository_[name].processes) mended.way = ProcessModel::Way::kGood;
    commit("mends what failed in " + name);
    world_.pass(seconds(60));
  }
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

void Workload::drop_file() {
  auto& folder = any_folder();
  if (folder.files.size() < 2) return;
  const auto name = folder.files.begin()->first;
  folder.files.erase(name);
  commit("drops " + name + " of " + name_of(folder));
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
      if (chance(40)) drop_file();
      break;
    default:
      node.store.full_after(std::nullopt);
      node.store.set_read_only(false);
      node.host.clear_faults();
      world_.hub->store.full_after(std::nullopt);
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
  if (kind != 2) world_.oracle.node_fact_strayed(node.name());
  switch (kind) {
    case 0: node.set_facts({}); break;
    case 1: node.set_facts({{"zone", "b"}}); break;
    default: node.set_facts({{"zone", "a"}});
  }
}

/// So much that it comes in many parts, of which some come twice and in another order.
void Workload::change_through_trouble() {
  auto& folder = any_folder();
  if (folder.files.empty() || !folder.is_good()) return;
  auto& file = folder.files.begin()->second;
  if (!file.secret.empty()) return;
  // Digits that hardly compress, or it would fit into one message.
  constexpr std::size_t kMany = 3'000;
  file.content = next_content();
  while (file.content.size() < kMany) file.content += std::to_string(below(1'000'000'000));
  world_.broker.set_faults(
      {.loss = static_cast<std::uint32_t>(below(3) * 50), .duplicate = 300, .reorder = 300});
  commit("much in " + name_of(folder));
  // Longer than until the hub's next fetch: it has to travel meanwhile.
  world_.pass(seconds(60 + static_cast<std::int64_t>(below(60))));
  world_.broker.set_faults({});
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

}  // namespace holdfast::sim
