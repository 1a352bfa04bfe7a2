// SPDX-License-Identifier: Apache-2.0
#include "base/host_world_contract.hpp"

#include <algorithm>

#include "base/fake_clock.hpp"
#include "base/fake_host.hpp"

namespace holdfast::base {

bool HostWorld::came(HostEventKind kind, std::string_view name) const {
  return std::ranges::any_of(events, [&](const HostEvent& e) { return e.kind == kind && e.name == name; });
}

bool HostWorld::until_came(HostEventKind kind, const std::string& name) {
  return until([&] { return came(kind, name); });
}

namespace {

class FakeWorld final : public HostWorld {
 public:
  FakeWorld() { listen(); }

  Host& host() override { return host_; }
  bool is_real() const override { return false; }

  void edit_by_hand(const std::string& path, const std::string& content) override {
    host_.edit_by_hand(path, content);
  }
  void mode_by_hand(const std::string& path, std::uint32_t mode) override {
    host_.attributes_by_hand(path, mode, 0, 0);
  }
  void remove_by_hand(const std::string& path) override { host_.remove_by_hand(path); }
  void folder_by_hand(const std::string& path) override { host_.folder_by_hand(path); }
  void link_by_hand(const std::string& path, const std::string& target) override {
    host_.link_by_hand(path, target);
  }
  void special_by_hand(const std::string& path) override { host_.special_by_hand(path); }
  void kill_by_hand(const ProcessId& id) override { host_.kill_by_hand(id); }
  void kill_shim_by_hand(const ProcessId& id) override { host_.kill_shim_by_hand(id); }
  void name_user(const std::string& name, std::uint32_t uid) override { host_.set_user(name, uid); }
  void name_group(const std::string& name, std::uint32_t gid) override { host_.set_group(name, gid); }

  ProcessStart that_runs(const std::string& instance) override { return start(instance, {}); }
  ProcessStart that_exits(const std::string& instance, std::int32_t code) override {
    FakeProgram program;
    program.exits_with = code;
    return start(instance, program);
  }
  ProcessStart that_ignores_term(const std::string& instance) override {
    FakeProgram program;
    program.ignores_term = true;
    return start(instance, program);
  }
  bool until_deaf(const ProcessId&) override { return true; }
  ProcessStart that_is_missing(const std::string& instance) override {
    FakeProgram program;
    program.start_error =
        Error(Code::kNotFound, Disposition::kRetry, "cannot execute '/no/such/program': not there");
    ProcessStart missing = start(instance, program);
    missing.argv = {"/no/such/program"};
    return missing;
  }
  ProcessStart that_is_for_another_machine(const std::string& instance) override {
    FakeProgram program;
    program.start_error =
        Error(Code::kUnsupported, Disposition::kRetry, "cannot execute '/srv/web': Exec format error");
    return start(instance, program);
  }

  ProbeStart that_succeeds(const std::string& id) override { return probe(id, {}); }
  ProbeStart that_fails(const std::string& id) override { return probe(id, {false, "exit code 3", {}}); }
  ProbeStart that_never_ends(const std::string& id, std::chrono::milliseconds timeout) override {
    ProbeStart start = probe(id, {true, "", std::chrono::hours(24)});
    start.timeout = timeout;
    return start;
  }

  void new_agent() override {
    events.clear();
    host_.agent_gone();
    listen();
  }
  void reboot() override {
    events.clear();
    host_.reboot();
    clock_.reboot();
    listen();
  }

  bool until(const std::function<bool()>& condition) override {
    constexpr int kRoundsMax = 1000;
    for (int round = 0; round < kRoundsMax; ++round) {
      if (condition()) return true;
      host_.deliver();
      if (condition()) return true;
      const auto due = host_.next_due();
      if (!due) return false;
      if (*due > clock_.monotonic()) clock_.advance(*due - clock_.monotonic());
    }
    return condition();
  }

 private:
  void listen() {
    host_.on_event([this](const HostEvent& event) { events.push_back(event); });
  }
  ProcessStart start(const std::string& instance, FakeProgram program) {
    ProcessStart start;
    start.id.instance = instance;
    start.argv = {"program"};
    host_.set_program(start.id, std::move(program));
    return start;
  }
  ProbeStart probe(const std::string& id, FakeProbeAnswer answer) {
    host_.set_probe(id, std::move(answer));
    ProbeStart start;
    start.id = id;
    start.exec = ExecProbe{{"program"}, {}, {}, "/"};
    return start;
  }

  FakeClock clock_;
  FakeHost host_{clock_};
};

}  // namespace

std::unique_ptr<HostWorld> make_fake_world() { return std::make_unique<FakeWorld>(); }

}  // namespace holdfast::base
