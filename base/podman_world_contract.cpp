// SPDX-License-Identifier: Apache-2.0
// The real side of the Engine contract suite: EngineClient and one podman for all of its tests, as its start takes longer
// than most of them.
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "base/engine/engine_client.hpp"
#include "base/engine_world_contract.hpp"
#include "base/event_loop.hpp"
#include "base/image_archive_contract.hpp"
#include "base/podman_service_contract.hpp"
#include "base/suite_machine_contract.hpp"
#include "base/system_clock.hpp"

namespace holdfast::base {
namespace {

/// Rounds of the loop, not time: a slow machine waits longer in each.
constexpr int kRoundsMax = 3000;
constexpr std::chrono::milliseconds kRound{20};

SuiteMachine<PodmanService> suite;

PodmanService& podman() { return suite.started(); }

class PodmanWorld final : public EngineWorld {
 public:
  PodmanWorld() {
    podman().start();
    new_agent();
  }
  ~PodmanWorld() override {
    podman().start();
    new_agent();
    remove_all();
  }
  PodmanWorld(const PodmanWorld&) = delete;
  PodmanWorld& operator=(const PodmanWorld&) = delete;

  Engine& engine() override { return *engine_; }
  bool is_real() const override { return true; }
  std::string archive() override {
    static const std::string bytes = busybox_archive(image_name());
    return bytes;
  }

  ContainerSpec that_runs(const std::string& name) override {
    return shell(name, "trap 'exit 0' TERM; echo ready; while :; do sleep 1000 & wait; done");
  }
  ContainerSpec that_exits(const std::string& name, std::int64_t code) override {
    return shell(name, "exit " + std::to_string(code));
  }
  ContainerSpec that_ignores_term(const std::string& name) override {
    return shell(name, "trap '' TERM; echo ready; while :; do sleep 1000; done");
  }
  ContainerSpec that_says(const std::string& name, int lines) override {
    return shell(name,
                 "i=1; while [ $i -le " + std::to_string(lines) + " ]; do echo line $i; i=$((i+1)); done");
  }
  ContainerSpec that_is_missing(const std::string& name) override {
    ContainerSpec spec = shell(name, "");
    spec.arguments = {"/no/such/program"};
    return spec;
  }

  ExecCommand that_ends(std::int64_t code) override {
    return command("echo out; echo err >&2; exit " + std::to_string(code));
  }
  ExecCommand that_prints(std::size_t bytes) override {
    return command("yes | head -c " + std::to_string(bytes));
  }
  ExecCommand that_never_ends(std::chrono::milliseconds timeout) override {
    ExecCommand out = command("sleep 1000");
    out.timeout = timeout;
    return out;
  }

  ExecCommand that_takes(std::chrono::milliseconds time, std::chrono::milliseconds timeout) override {
    ExecCommand out = command("sleep " + std::to_string(time.count() / 1000));
    out.timeout = timeout;
    return out;
  }

  void restart_engine() override {
    podman().stop();
    podman().start();
  }
  void take_engine_away() override { podman().stop(); }
  void bring_engine_back() override { podman().start(); }
  void new_agent() override {
    engine_.reset();
    loop_.reset();
    auto loop = EventLoop::create();
    if (!loop) std::abort();
    loop_ = *std::move(loop);
    engine_ = std::make_unique<EngineClient>(*loop_, clock_, podman().socket_path());
  }

  bool until(const std::function<bool()>& condition) override {
    for (int round = 0; round < kRoundsMax; ++round) {
      if (condition()) return true;
      loop_->run_once(kRound);
    }
    return condition();
  }

 private:
  static ContainerSpec shell(const std::string& name, const std::string& script) {
    ContainerSpec spec;
    spec.name = ContainerName(name);
    spec.image = image_name();
    spec.arguments = {"sh", "-c", script};
    spec.network = ContainerNetwork::kNone;
    return spec;
  }
  static ExecCommand command(const std::string& script) {
    ExecCommand out;
    out.argv = {"sh", "-c", script};
    out.timeout = std::chrono::seconds(60);
    return out;
  }

  /// The next test finds none.
  void remove_all() {
    std::size_t left = 0;
    bool is_listed = false;
    engine_->list({}, [&](Result<std::vector<ContainerSummary>> all) {
      is_listed = true;
      if (!all) std::fprintf(stderr, "%s\n", all.error().message().c_str());
      for (const ContainerSummary& one : all.value_or(std::vector<ContainerSummary>{})) {
        ++left;
        const auto gone = [&left](const Status& status) {
          if (!status) std::fprintf(stderr, "%s\n", status.error().message().c_str());
          --left;
        };
        engine_->stop(one.id, std::chrono::seconds(0),
                      [this, id = one.id, gone](const Status&) { engine_->remove(id, gone); });
      }
    });
    until([&] { return is_listed && left == 0; });
  }

  SystemClock clock_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<EngineClient> engine_;
};

}  // namespace

std::unique_ptr<EngineWorld> make_podman_world() { return std::make_unique<PodmanWorld>(); }

}  // namespace holdfast::base
