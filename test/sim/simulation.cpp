// SPDX-License-Identifier: Apache-2.0
#include "test/sim/simulation.hpp"

#include <algorithm>
#include <cstdio>

#include "base/fake_sealing.hpp"
#include "base/log.hpp"
#include "test/sim/final_check.hpp"
#include "test/sim/planted.hpp"
#include "test/sim/workload.hpp"
#include "test/sim/world.hpp"

namespace holdfast::sim {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

constexpr std::uint64_t kWorkloadsOneOf = 3;

void drop(base::log::Level, std::string_view) {}

/// What the programs log carries real time, so it is shown and is no part of the trace.
void show(base::log::Level, std::string_view line) {
  std::printf("          %.*s\n", static_cast<int>(line.size()), line.data());
}

milliseconds pause(base::Random& random) {
  const auto kind = random.below(100);
  if (kind < 35) return milliseconds(random.below(400));
  if (kind < 85) return milliseconds(random.below(8'000));
  if (kind < 98) return milliseconds(random.below(120'000));
  return milliseconds(random.below(3'600'000));
}

void settle(World& world, Workload& workload, FinalCheck& check) {
  constexpr int kMinutesMax = 120;
  bool confirmed = false;
  bool objects = false;
  for (int minute = 0; minute < kMinutesMax && !world.is_over(); ++minute) {
    if (!objects) objects = workload.settle_objects();
    world.pass(minutes(1));
    workload.approve();
    if (!objects) continue;
    if (check.difference().empty()) return;
    if (!confirmed && minute > 5) {
      workload.confirm_prunes();
      confirmed = true;
    }
  }
  check.must_be_equal();
}

void run(World& world, int fails_again) {
  Workload workload(world, fails_again);
  workload.begin();
  world.pass(seconds(20));
  const auto acts = 15 + world.random.below(25);
  for (std::uint64_t i = 0; i < acts && !world.is_over(); ++i) {
    workload.act();
    world.pass(pause(world.random));
  }
  if (world.is_over()) return;
  workload.make_safe();
  world.pass(seconds(5));
  workload.commit_last();
  FinalCheck check(world);
  settle(world, workload, check);
  if (world.is_over()) return;
  world.trace.add("world", "has settled");
  // Once more on what nobody else touches: that it is mended shows that somebody looks.
  world.nodes.front()->host.edit_by_hand("/etc/hf/base", "by hand");
  world.nodes.front()->wake();
  if (world.has_workloads()) workload.meddle_with_what_is_steady(*world.nodes.front());
  // Nothing changes any more, and what is held must be believed all the same.
  workload.drop_old_key();
  world.pass(minutes(20));
  check.begin_quiet();
  world.pass(hours(1));
  check.must_be_quiet();
  if (!world.is_over()) check.must_be_equal();
}

}  // namespace

SimulationOptions options_for(std::string_view mistake) {
  constexpr int kFailsAgainWhenPlanted = 20;
  SimulationOptions options;
  if (mistake.empty()) return options;
  options.fails_again = kFailsAgainWhenPlanted;
  const bool is_of_workloads = std::ranges::find(kPlantedInWorkloads, mistake) != kPlantedInWorkloads.end();
  options.workloads = is_of_workloads ? Workloads::kInAll : Workloads::kInNone;
  return options;
}

SimulationResult simulate(const SimulationOptions& options) {
  base::make_sealing_repeatable(options.seed);
  base::log::set_sink(options.verbose ? show : drop);
  base::FakeRandom sizes(options.seed * 31 + 7);
  const auto drawn = sizes.below(100);
  const bool is_one_of_them =
      options.workloads == Workloads::kInAll ||
      (options.workloads == Workloads::kInAThird && options.seed % kWorkloadsOneOf == 0);
  World world(options.seed,
              drawn < 55   ? 1
              : drawn < 80 ? 2
              : drawn < 95 ? 3
                           : 5,
              is_one_of_them ? World::Nodes::kWithWorkloads : World::Nodes::kPlain, options.verbose);
  run(world, options.fails_again);
  return {world.judge.verdict(), world.trace.digest(), world.trace.lines(), world.trace.last()};
}

}  // namespace holdfast::sim
