// SPDX-License-Identifier: Apache-2.0
// The real side of the UnitManager contract suite: SystemdUnits and one machine for all of its tests, as its start takes
// longer than most of them.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "base/event_loop.hpp"
#include "base/suite_machine_contract.hpp"
#include "base/system_clock.hpp"
#include "base/systemd/bus_socket.hpp"
#include "base/systemd/systemd_units.hpp"
#include "base/systemd/unit_world_contract.hpp"

namespace holdfast::base {
namespace {

namespace fs = std::filesystem;

/// Rounds of the loop, not time: a slow machine waits longer in each.
constexpr int kRoundsMax = 2000;
constexpr std::chrono::milliseconds kRound{20};

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

class Machine {
 public:
  Machine() {
    std::string name = (fs::temp_directory_path() / "holdfast-machine-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
    if (run({"start", folder_}) != 0) {
      std::fprintf(stderr, "the contract suite cannot set up: no machine with systemd\n");
      std::abort();
    }
    pid_ = std::stoi(first_line(fs::path(folder_) / "pid"));
    socket_ = bus_socket_path(first_line(fs::path(folder_) / "bus-address")).value_or("");
    // What systemd runs whenever it reads its files.
    const fs::path generators = root() / "etc/systemd/system-generators";
    fs::create_directories(generators);
    std::ofstream(generators / "count") << "#!/bin/sh\necho read >> /run/reads\n";
    fs::permissions(generators / "count", fs::perms::owner_all);
  }
  ~Machine() { run({"stop", folder_}); }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  fs::path root() const { return fs::path(folder_) / "root"; }
  const std::string& socket() const { return socket_; }
  pid_t pid() const { return pid_; }
  int in(std::vector<std::string> command) const {
    command.insert(command.begin(), {"in", folder_});
    return run(command);
  }
  /// How many lines a file in /run has.
  int lines(const std::string& name) const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/root/run/" + name);
    int count = 0;
    for (std::string line; std::getline(file, line);) ++count;
    return count;
  }

 private:
  static int run(const std::vector<std::string>& arguments) {
    std::vector<std::string> words{"test/systemd/machine"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  std::string folder_;
  std::string socket_;
  pid_t pid_ = 0;
};

SuiteMachine<Machine> suite;

Machine& machine() { return suite.started(); }

class SystemdWorld final : public UnitWorld {
 public:
  SystemdWorld() { SystemdWorld::new_agent(); }
  ~SystemdWorld() override {
    units_.reset();
    for (const auto& name : files_) {
      const bool is_unit = name.find('/') == std::string::npos && name.find("@.") == std::string::npos;
      if (!is_unit) continue;  // a drop-in, a template
      by_hand("stop", name);
      by_hand("disable", name);
    }
    for (const auto& name : files_) fs::remove_all(folder() / name);
    by_hand("daemon-reload", "");
    by_hand("reset-failed", "");
  }
  SystemdWorld(const SystemdWorld&) = delete;
  SystemdWorld& operator=(const SystemdWorld&) = delete;

  UnitManager& units() override { return *units_; }
  void write_file(const std::string& name, const std::string& content) override {
    fs::create_directories((folder() / name).parent_path());
    // As Host does: a new file in its place.
    std::ofstream(folder() / (name + ".new")) << content;
    fs::rename(folder() / (name + ".new"), folder() / name);
    files_.push_back(name);
  }
  void remove_file(const std::string& name) override { fs::remove(folder() / name); }
  void by_hand(const std::string& command, const std::string& unit) override {
    std::vector<std::string> words{"systemctl", "--quiet"};
    std::istringstream in(command);
    for (std::string word; in >> word;) words.push_back(word);
    if (!unit.empty()) words.push_back(unit);
    static_cast<void>(machine().in(words));
  }
  int noises() override { return machine().lines("noises"); }
  /// The only sockets of this program.
  bool is_connected() override {
    return std::ranges::any_of(fs::directory_iterator("/proc/self/fd"), [](const auto& file) {
      std::error_code gone;
      const bool is_ours = std::stoi(file.path().filename()) > STDERR_FILENO;
      return is_ours && fs::read_symlink(file.path(), gone).string().starts_with("socket:");
    });
  }
  int reloads() override { return machine().lines("reads"); }
  /// systemd's own socket stays, by which the bus is brought back.
  void take_bus_away() override {
    machine().in({"systemctl", "--quiet", "stop", "dbus.socket", "dbus.service"});
  }
  void bring_bus_back() override {
    machine().in({"systemctl", "--quiet", "start", "dbus.socket", "dbus.service"});
  }
  void hang_systemd() override { ::kill(machine().pid(), SIGSTOP); }
  void wake_systemd() override { ::kill(machine().pid(), SIGCONT); }
  void execute_systemd_anew() override { machine().in({"systemctl", "daemon-reexec"}); }
  void new_agent() override {
    units_ = std::make_unique<SystemdUnits>(*loop_, clock_, machine().socket(),
                                            UnitDeadlines{.call = std::chrono::seconds{3},
                                                          .reload = std::chrono::seconds{20},
                                                          .connect = std::chrono::seconds{3}});
  }
  bool until(const std::function<bool()>& condition) override {
    for (int round = 0; round < kRoundsMax; ++round) {
      if (condition()) return true;
      loop_->run_once(kRound);
    }
    return condition();
  }

 private:
  static fs::path folder() { return machine().root() / "etc/systemd/system"; }

  SystemClock clock_;
  std::unique_ptr<EventLoop> loop_ = *EventLoop::create();
  std::unique_ptr<SystemdUnits> units_;
  std::vector<std::string> files_;
};

}  // namespace

std::unique_ptr<UnitWorld> make_systemd_world() { return std::make_unique<SystemdWorld>(); }

}  // namespace holdfast::base
