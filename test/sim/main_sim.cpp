// SPDX-License-Identifier: Apache-2.0
// holdfast-sim: runs the simulator over many seeds, or replays one. docs/simulator.md says what it models.
// Threads: one; --jobs are processes.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/planted.hpp"
#include "test/sim/planted.hpp"
#include "test/sim/simulation.hpp"

namespace {

using holdfast::sim::simulate;
using holdfast::sim::SimulationResult;

struct Options {
  std::uint64_t first = 1;
  std::uint64_t seeds = 100;
  std::uint64_t jobs = 2;
  std::uint64_t seed = 0;  ///< one only
  std::uint64_t minutes_max = 0;
  bool verbose = false;
  bool planted = false;
  bool help = false;
  bool workloads = false;  ///< pods and units in every seed
  std::string plant;       ///< with one seed: this mistake is in force
};

constexpr const char* kUsage =
    "holdfast-sim [--seeds N] [--first S] [--jobs J] [--minutes-max M]   many seeds\n"
    "holdfast-sim --seed S [-v] [--plant MISTAKE]                        one, as it was\n"
    "      [--workloads]                                                    pods and units in every seed, "
    "not in a third\n"
    "holdfast-sim --planted [--jobs J]                                   proves that it bites\n";

int usage(bool asked) {
  std::fputs(kUsage, asked ? stdout : stderr);
  return asked ? 0 : 2;
}

bool read_number(int argc, char** argv, int& at, std::uint64_t& out) {
  if (at + 1 >= argc) return false;
  char* end = nullptr;
  out = std::strtoull(argv[++at], &end, 10);
  return *end == '\0';
}

bool read_options(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    bool good = true;
    if (name == "--seeds")
      good = read_number(argc, argv, i, options.seeds);
    else if (name == "--first")
      good = read_number(argc, argv, i, options.first);
    else if (name == "--jobs")
      good = read_number(argc, argv, i, options.jobs);
    else if (name == "--seed")
      good = read_number(argc, argv, i, options.seed);
    else if (name == "--minutes-max")
      good = read_number(argc, argv, i, options.minutes_max);
    else if (name == "--plant" && i + 1 < argc)
      options.plant = argv[++i];
    else if (name == "--help" || name == "-h")
      options.help = true;
    else if (name == "-v")
      options.verbose = true;
    else if (name == "--workloads")
      options.workloads = true;
    else if (name == "--planted")
      options.planted = true;
    else
      good = false;
    if (!good) return false;
  }
  return options.jobs > 0;
}

void show_failure(std::uint64_t seed, const SimulationResult& result, holdfast::sim::Workloads workloads) {
  std::printf("FAILED seed %llu at line %llu: %s: %s\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(result.lines), result.verdict->invariant.c_str(),
              result.verdict->detail.c_str());
  for (const auto& line : result.last) std::printf("  %s\n", line.c_str());
  std::printf("replay: build/dev/bin/holdfast-sim --seed %llu -v%s\n", static_cast<unsigned long long>(seed),
              workloads == holdfast::sim::Workloads::kInAll ? " --workloads" : "");
  std::fflush(stdout);
}

/// A seed that never ends is a failure like any other, and must name itself.
constexpr unsigned kSecondsMax = 120;
volatile std::uint64_t seed_now = 0;

void on_alarm(int) {
  std::array<char, 96> text{};
  const int size = std::snprintf(text.data(), text.size(), "FAILED seed %llu does not end\n",
                                 static_cast<unsigned long long>(seed_now));
  if (write(STDOUT_FILENO, text.data(), static_cast<std::size_t>(size)) < 0) _exit(2);
  _exit(1);
}

bool run_seed(std::uint64_t seed, const Options& asked) {
  seed_now = seed;
  signal(SIGALRM, on_alarm);
  alarm(kSecondsMax);
  const bool verbose = asked.verbose || asked.seed != 0;
  if (verbose) std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  auto options = holdfast::sim::options_for(asked.plant);
  options.seed = seed;
  options.verbose = verbose;
  if (asked.workloads) options.workloads = holdfast::sim::Workloads::kInAll;
  const auto result = simulate(options);
  if (verbose) {
    std::printf("%llu lines, digest %016llx\n", static_cast<unsigned long long>(result.lines),
                static_cast<unsigned long long>(result.digest));
  }
  if (result.verdict) show_failure(seed, result, options.workloads);
  return !result.verdict;
}

int run_share(const Options& options, std::uint64_t job) {
  const auto began = std::chrono::steady_clock::now();
  int failed = 0;
  for (std::uint64_t i = job; i < options.seeds; i += options.jobs) {
    if (options.minutes_max > 0 &&
        std::chrono::steady_clock::now() - began > std::chrono::minutes(options.minutes_max)) {
      std::printf("stopped after %llu minutes\n", static_cast<unsigned long long>(options.minutes_max));
      break;
    }
    if (!run_seed(options.first + i, options) && ++failed >= 5) break;
  }
  return failed;
}

// ---- planted mistakes ----

/// Beyond this the simulator does not bite.
constexpr std::uint64_t kPlantedSeedsMax = 1000;

enum class Force { kMistake, kNone };
/// The same run with the mistake and without.
holdfast::sim::SimulationResult simulate_with(std::string_view mistake, Force force, std::uint64_t seed) {
  seed_now = seed;
  alarm(kSecondsMax);
  holdfast::base::plant(force == Force::kMistake ? mistake : "");
  auto options = holdfast::sim::options_for(mistake);
  options.seed = seed;
  return simulate(options);
}

std::vector<std::string_view> all_mistakes() {
  using namespace holdfast::sim;
  std::vector<std::string_view> all(kPlantedMistakes.begin(), kPlantedMistakes.end());
  all.insert(all.end(), kPlantedInWorkloads.begin(), kPlantedInWorkloads.end());
  return all;
}

/// Runs seeds until one fails that passes without the mistake.
bool bites(std::string_view mistake, std::uint64_t first) {
  const std::string name(mistake);
  for (std::uint64_t seed = first; seed < first + kPlantedSeedsMax; ++seed) {
    const auto result = simulate_with(mistake, Force::kMistake, seed);
    if (!result.verdict || simulate_with(mistake, Force::kNone, seed).verdict) continue;
    std::printf("caught %-26s seed %3llu  %s: %s\n", name.c_str(), static_cast<unsigned long long>(seed),
                result.verdict->invariant.c_str(), result.verdict->detail.c_str());
    return true;
  }
  std::printf("FAILED %s: not caught in %llu seeds\n", name.c_str(),
              static_cast<unsigned long long>(kPlantedSeedsMax));
  return false;
}

int run_planted_share(const Options& options, std::uint64_t job) {
  signal(SIGALRM, on_alarm);
  int missed = 0;
  const auto mistakes = all_mistakes();
  for (std::size_t i = job; i < mistakes.size(); i += options.jobs) {
    if (!bites(mistakes[i], options.first)) ++missed;
    std::fflush(stdout);
  }
  return missed;
}

// ---- many ----

int in_children(const Options& options, int (*share)(const Options& options, std::uint64_t job)) {
  std::fflush(stdout);
  std::vector<pid_t> children;
  for (std::uint64_t job = 0; job < options.jobs; ++job) {
    const pid_t child = fork();
    if (child == 0) {
      const int failed = share(options, job);
      std::fflush(stdout);
      _exit(failed);
    }
    children.push_back(child);
  }
  int failed = 0;
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status)) {
      std::printf("FAILED a job ended by signal %d\n", WTERMSIG(status));
      ++failed;
    } else {
      failed += WEXITSTATUS(status);
    }
  }
  return failed;
}

int run_planted(const Options& options) {
  const auto count = all_mistakes().size();
  std::printf("%zu planted mistakes, from seed %llu on\n", count,
              static_cast<unsigned long long>(options.first));
  const int missed = in_children(options, run_planted_share);
  std::printf("%zu of %zu planted mistakes caught\n", count - static_cast<std::size_t>(missed), count);
  return missed == 0 ? 0 : 1;
}

int run_many(const Options& options) {
  std::printf("seeds %llu to %llu, %llu jobs\n", static_cast<unsigned long long>(options.first),
              static_cast<unsigned long long>(options.first + options.seeds - 1),
              static_cast<unsigned long long>(options.jobs));
  const int failed = in_children(options, run_share);
  std::printf("%s\n", failed == 0 ? "all seeds passed" : (std::to_string(failed) + " seeds failed").c_str());
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!read_options(argc, argv, options)) return usage(false);
  if (options.help) return usage(true);
  if (options.planted) return run_planted(options);
  holdfast::base::plant(options.plant);
  if (options.seed != 0) return run_seed(options.seed, options) ? 0 : 1;
  return run_many(options);
}
