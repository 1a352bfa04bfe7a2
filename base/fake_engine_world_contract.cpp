// SPDX-License-Identifier: Apache-2.0
// The fake side of the Engine contract suite: FakeEngine on a clock that goes on while one waits.
#include <memory>

#include "base/engine_world_contract.hpp"
#include "base/fake_clock.hpp"
#include "base/fake_engine.hpp"

namespace holdfast::base {
namespace {

using std::chrono::milliseconds;

constexpr int kRoundsMax = 10'000;
constexpr milliseconds kRound{20};

class FakeEngineWorld final : public EngineWorld {
 public:
  FakeEngineWorld() {
    ImageInfo image;
    image.id = ImageId("sha256:" + std::string(64, 'a'));
    image.tags = {image_name()};
    image.architecture = "arm64";
    image.os = "linux";
    image.size_bytes = 2'000'000;
    engine_.know_archive(archive(), image);
  }

  Engine& engine() override { return engine_; }
  bool is_real() const override { return false; }
  std::string archive() override { return "an archive of busybox"; }

  ContainerSpec that_runs(const std::string& name) override {
    return behaving(name, {.stop_exit_code = 0, .output = "ready\n"});
  }
  ContainerSpec that_exits(const std::string& name, std::int64_t code) override {
    return behaving(name, {.exits_with = code});
  }
  ContainerSpec that_ignores_term(const std::string& name) override {
    return behaving(name, {.ignores_term = true, .output = "ready\n"});
  }
  ContainerSpec that_says(const std::string& name, int lines) override {
    std::string output;
    for (int line = 1; line <= lines; ++line) output += "line " + std::to_string(line) + "\n";
    return behaving(name, {.exits_with = 0, .output = output});
  }
  ContainerSpec that_is_missing(const std::string& name) override {
    return behaving(name, {.start_error = Error(Code::kIo, "start: /no/such/program: no such file")});
  }

  ExecCommand that_ends(std::int64_t code) override {
    return answered("ends with " + std::to_string(code), {.exit_code = code, .output = "out\nerr\n"});
  }
  ExecCommand that_prints(std::size_t bytes) override {
    return answered("prints " + std::to_string(bytes), {.output = std::string(bytes, 'x')});
  }
  ExecCommand that_never_ends(milliseconds timeout) override {
    ExecCommand command = answered("never ends", {.after = std::chrono::hours(1)});
    command.timeout = timeout;
    return command;
  }

  ExecCommand that_takes(milliseconds time, milliseconds timeout) override {
    ExecCommand command = answered("takes " + std::to_string(time.count()), {.after = time});
    command.timeout = timeout;
    return command;
  }

  void restart_engine() override { engine_.end_events(); }
  void take_engine_away() override { engine_.set_gone(true); }
  void bring_engine_back() override { engine_.set_gone(false); }
  void new_agent() override { engine_.agent_gone(); }

  bool until(const std::function<bool()>& condition) override {
    for (int round = 0; round < kRoundsMax; ++round) {
      if (condition()) return true;
      if (engine_.deliver() == 0) clock_.advance(kRound);
    }
    return condition();
  }

 private:
  ContainerSpec behaving(const std::string& name, FakeContainerProgram program) {
    ContainerSpec spec;
    spec.name = ContainerName(name);
    spec.image = image_name();
    spec.network = ContainerNetwork::kNone;
    engine_.set_program(spec.name, std::move(program));
    return spec;
  }
  ExecCommand answered(const std::string& program, FakeExecAnswer answer) {
    engine_.set_exec(program, std::move(answer));
    ExecCommand command;
    command.argv = {program};
    return command;
  }

  FakeClock clock_;
  FakeEngine engine_{clock_};
};

}  // namespace

std::unique_ptr<EngineWorld> make_fake_engine_world() { return std::make_unique<FakeEngineWorld>(); }

}  // namespace holdfast::base
