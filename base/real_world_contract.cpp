// SPDX-License-Identifier: Apache-2.0
#include "base/real_world_contract.hpp"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "base/plain_file.hpp"

namespace holdfast::base {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLogBytesMax = 64U << 20U;
/// Rounds of the loop, not time: a slow machine waits longer in each.
constexpr int kRoundsMax = 2000;
constexpr std::chrono::milliseconds kRound{20};

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "the contract suite cannot set up: %s\n", why.c_str());
  std::abort();
}

std::string shim_path() {
  const char* bin = std::getenv("HOLDFAST_BIN");
  if (bin == nullptr) give_up("HOLDFAST_BIN must name the folder with holdfast-shim (ctest sets it)");
  return std::string(bin) + "/holdfast-shim";
}

void must(bool worked, const std::string& what) {
  if (!worked) give_up(what);
}

}  // namespace

RealWorld::RealWorld(RealWorldOptions options) {
  std::string name = (fs::temp_directory_path() / "holdfast-host-XXXXXX").string();
  must(::mkdtemp(name.data()) != nullptr, "no temporary folder");
  folder_ = name;
  must(::mkdir(root().c_str(), 0755) == 0, "no root folder");
  options_.root = root();
  options_.run_dir = run_dir();
  options_.log_dir = log_dir();
  options_.shim_path = shim_path();
  options_.use_openat2 = options_.use_pidfd = options_.use_cgroups = !options.old_kernel;
  new_agent();
}

RealWorld::~RealWorld() {
  end_processes();
  host_.reset();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void RealWorld::end_processes() {
  const auto all_ended = [this] {
    const auto statuses = host_->processes();
    return !statuses ||
           std::ranges::none_of(*statuses, [](const ProcessStatus& s) { return s.identity.has_value(); });
  };
  if (const auto statuses = host_->processes()) {
    for (const ProcessStatus& status : *statuses) {
      static_cast<void>(host_->stop_process(status.id, std::chrono::milliseconds(0)));
    }
  }
  until(all_ended);
  // Their cgroups go with them.
  if (const auto statuses = host_->processes()) {
    for (const ProcessStatus& status : *statuses) static_cast<void>(host_->forget_process(status.id, true));
  }
}

void RealWorld::new_agent() {
  events.clear();
  host_.reset();
  loop_.reset();
  auto loop = EventLoop::create();
  must(loop.has_value(), "no event loop");
  loop_ = *std::move(loop);
  auto host = LinuxHost::create(*loop_, options_);
  must(host.has_value(), host ? "" : host.error().message());
  host_ = *std::move(host);
  host_->on_event([this](const HostEvent& event) { events.push_back(event); });
}

void RealWorld::reboot() {
  // What ran does not outlive the machine, and no shim gets to write anything.
  const auto statuses = host_->processes();
  must(statuses.has_value(), "no list of processes");
  for (const ProcessStatus& status : *statuses) {
    if (status.shim) ::kill(static_cast<pid_t>(status.shim->pid), SIGKILL);
    if (status.identity) ::kill(-static_cast<pid_t>(status.identity->pid), SIGKILL);
  }
  static int boots = 0;
  options_.boot_id = "another-boot-" + std::to_string(++boots);
  new_agent();
}

bool RealWorld::until(const std::function<bool()>& condition) {
  for (int round = 0; round < kRoundsMax; ++round) {
    if (condition()) return true;
    loop_->run_once(kRound);
  }
  return condition();
}

// ---- hands ----

void RealWorld::edit_by_hand(const std::string& path, const std::string& content) {
  fs::create_directories(fs::path(on_disk(path)).parent_path());
  std::FILE* file = std::fopen(on_disk(path).c_str(), "w");
  must(file != nullptr, "cannot edit " + path);
  std::fwrite(content.data(), 1, content.size(), file);
  std::fclose(file);
}

void RealWorld::mode_by_hand(const std::string& path, std::uint32_t mode) {
  must(::chmod(on_disk(path).c_str(), mode) == 0, "cannot chmod " + path);
}

void RealWorld::remove_by_hand(const std::string& path) { fs::remove_all(on_disk(path)); }
void RealWorld::folder_by_hand(const std::string& path) { fs::create_directories(on_disk(path)); }

void RealWorld::link_by_hand(const std::string& path, const std::string& target) {
  fs::create_directories(fs::path(on_disk(path)).parent_path());
  fs::remove_all(on_disk(path));
  must(::symlink(target.c_str(), on_disk(path).c_str()) == 0, "cannot link " + path);
}

void RealWorld::special_by_hand(const std::string& path) {
  fs::create_directories(fs::path(on_disk(path)).parent_path());
  must(::mkfifo(on_disk(path).c_str(), 0644) == 0, "cannot make a FIFO at " + path);
}

void RealWorld::kill_by_hand(const ProcessId& id) {
  const auto status = host_->process(id);
  must(status && status->identity, "nothing to kill");
  ::kill(static_cast<pid_t>(status->identity->pid), SIGKILL);
}

void RealWorld::kill_shim_by_hand(const ProcessId& id) {
  const auto status = host_->process(id);
  must(status && status->shim, "no shim to kill");
  ::kill(static_cast<pid_t>(status->shim->pid), SIGKILL);
}

void RealWorld::name_user(const std::string& name, std::uint32_t uid) {
  edit_by_hand("/etc/passwd",
               "root:x:0:0::/root:/bin/sh\n" + name + ":x:" + std::to_string(uid) + ":100::/:/bin/sh\n");
}

void RealWorld::name_group(const std::string& name, std::uint32_t gid) {
  edit_by_hand("/etc/group", "root:x:0:\n" + name + ":x:" + std::to_string(gid) + ":\n");
}

// ---- programs ----

ProcessStart RealWorld::shell(const std::string& instance, const std::string& script) const {
  ProcessStart start;
  start.id.instance = instance;
  start.argv = {"sh", "-c", script};
  start.env = {{"PATH", "/usr/bin:/bin"}};
  return start;
}

ProcessStart RealWorld::that_runs(const std::string& instance) { return shell(instance, "exec sleep 1000"); }
ProcessStart RealWorld::that_exits(const std::string& instance, std::int32_t code) {
  return shell(instance, "exit " + std::to_string(code));
}
ProcessStart RealWorld::that_ignores_term(const std::string& instance) {
  return shell(instance,
               "trap '' TERM; : > " + folder_ + "/deaf-" + instance + "; while :; do sleep 1000; done");
}
bool RealWorld::until_deaf(const ProcessId& id) {
  return until([&] { return fs::exists(folder_ + "/deaf-" + id.instance); });
}
ProcessStart RealWorld::that_is_missing(const std::string& instance) {
  ProcessStart start = shell(instance, "");
  start.argv = {"/no/such/program"};
  return start;
}
ProcessStart RealWorld::that_is_for_another_machine(const std::string& instance) {
  const std::string path = folder_ + "/of-another-machine";
  std::ofstream(path) << "neither ELF nor a script";
  fs::permissions(path, fs::perms::owner_all);
  ProcessStart start = shell(instance, "");
  start.argv = {path};
  return start;
}

ProbeStart RealWorld::shell_probe(const std::string& id, const std::string& script) const {
  ProbeStart probe;
  probe.id = id;
  probe.timeout = std::chrono::seconds(60);
  probe.exec = ExecProbe{{"sh", "-c", script}, {}, {}, "/"};
  return probe;
}

ProbeStart RealWorld::that_succeeds(const std::string& id) { return shell_probe(id, "true"); }
ProbeStart RealWorld::that_fails(const std::string& id) { return shell_probe(id, "exit 3"); }
ProbeStart RealWorld::that_never_ends(const std::string& id, std::chrono::milliseconds timeout) {
  ProbeStart probe = shell_probe(id, "sleep 1000");
  probe.timeout = timeout;
  return probe;
}

std::string RealWorld::log_of(const std::string& instance) const {
  std::vector<fs::path> segments;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(log_dir() + "/" + instance, ignored))
    segments.push_back(entry.path());
  std::ranges::sort(segments);
  std::string log;
  for (const fs::path& segment : segments)
    log += read_plain_file(segment.string(), kLogBytesMax).value_or("");
  return log;
}

std::unique_ptr<HostWorld> make_real_world(RealWorldOptions options) {
  return std::make_unique<RealWorld>(options);
}

}  // namespace holdfast::base
