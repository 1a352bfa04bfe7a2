// SPDX-License-Identifier: Apache-2.0
#include "test/sim/world.hpp"
#include "base/limits/git.hpp"

#include <algorithm>

namespace holdfast::sim {

using std::chrono::milliseconds;

World::World(std::uint64_t seed, std::size_t count, Nodes kind, bool verbose)
    : trace(verbose), random(seed), broker(clock, broker_random_), broker_random_(seed ^ 0xb0cce4U) {
  const sync::FleetId fleet("00000000-0000-4000-8000-0000000000f1");
  trust = std::make_unique<FleetTrust>(fleet, random);
  hub = std::make_unique<HubBox>(
      broker,
      hub::ControllerOptions{.fleet = fleet,
                             .signing_key = trust->signing_key(),
                             .repositories = {},
                             .root = {},
                             .poll_interval = base::limits::kPollInterval,
                             // So small that what the workload commits comes in parts.
                             .section_packet_bytes = 700,
                             .part_bytes = 200},
      trace, judge, random.next());
  hub->go_by(*trust);
  attacker = std::make_unique<Attacker>(broker, random);
  oracle.on_believed([this] { return hub->in_force(); });
  oracle.on_in_step([this](const std::string& name) {
    const auto node = std::ranges::find_if(nodes, [&](const auto& found) { return found->name() == name; });
    return node != nodes.end() && hub->desired_of((*node)->uid()) == (*node)->rules().stored().generation();
  });
  for (std::size_t i = 0; i < count; ++i) {
    edge_agent::NodeFile file;
    file.fleet = fleet;
    file.uid = sync::NodeUid(random.uuid());
    file.name = "node-" + std::to_string(i + 1);
    file.recovery_key = trust->recovery_key();
    random.fill(file.mark_key);
    nodes.push_back(std::make_unique<NodeBox>(std::move(file), sync::encode_trust(trust->sealed()), broker,
                                              oracle, trace, judge, random.next()));
    if (kind == Nodes::kWithWorkloads) nodes.back()->give_workloads();
  }
}

void World::run() {
  constexpr int kRoundsMax = 10'000;
  for (int round = 0; round < kRoundsMax && !is_over(); ++round) {
    const std::size_t carried = broker.step(clock.monotonic());
    bool is_due = false;
    const auto visit = [&](Box& box) {
      box.run();
      const auto due = box.due_in();
      is_due = is_due || (due && due->count() == 0);
    };
    visit(*hub);
    for (const auto& node : nodes) visit(*node);
    if (carried == 0 && !is_due) return;
  }
  if (!is_over()) judge.violated("comes-to-rest", "work without end at one moment");
}

std::optional<milliseconds> World::due_in() const {
  std::optional<milliseconds> next;
  const auto sooner = [&](const std::optional<milliseconds>& due) {
    if (due && (!next || *due < *next)) next = due;
  };
  if (const auto due = broker.next_due()) sooner(std::max(*due - clock.monotonic(), milliseconds{0}));
  sooner(hub->due_in());
  for (const auto& node : nodes) sooner(node->due_in());
  return next;
}

void World::pass(milliseconds time) {
  constexpr std::uint64_t kLinesMax = 100'000;  // a run has some hundreds, seldom thousands
  const auto end = now_ + time;
  while (!is_over()) {
    run();
    if (trace.lines() > kLinesMax) judge.violated("comes-to-rest", "work without end, moment after moment");
    if (now_ >= end) return;
    const auto due = due_in();
    const auto by = std::clamp(due.value_or(end - now_), milliseconds{1}, end - now_);
    now_ += by;
    trace.set_time_ms(now_.count());
    clock.advance(by);
    hub->advance(by);
    for (const auto& node : nodes) node->advance(by);
  }
}

}  // namespace holdfast::sim
