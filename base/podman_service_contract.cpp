// SPDX-License-Identifier: Apache-2.0
#include "base/podman_service_contract.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace holdfast::base {
namespace {

namespace fs = std::filesystem;

/// Rounds, not time: a slow machine waits longer in each.
constexpr int kRoundsMax = 3000;
constexpr useconds_t kRoundUs = 10'000;

[[noreturn]] void give_up(const std::string& why, const std::string& log = {}) {
  std::fprintf(stderr, "the contract suite cannot set up: %s\n", why.c_str());
  std::ifstream lines(log);
  for (std::string line; std::getline(lines, line);) std::fprintf(stderr, "%s\n", line.c_str());
  std::abort();
}

/// A container may ask for no more than we have, and podman asks for a great deal.
std::string limit(const char* name, int resource) {
  rlimit now{};
  ::getrlimit(static_cast<__rlimit_resource>(resource), &now);
  const auto most = std::to_string(std::min<rlim_t>(now.rlim_max, 1024));
  return std::string("\"") + name + "=" + most + ":" + most + "\"";
}

}  // namespace

PodmanService::PodmanService() {
  std::string name = (fs::temp_directory_path() / "holdfast-podman-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) give_up("no temporary folder");
  folder_ = name;
  // podman takes no longer than 50 characters for it, wherever the build folder lies.
  std::string run = "/tmp/holdfast-XXXXXX";
  if (::mkdtemp(run.data()) == nullptr) give_up("no temporary folder in /tmp");
  run_ = run;
  write_configuration();
}

void PodmanService::write_configuration() const {
  fs::create_directory(folder_ + "/tmp");
  fs::create_directory(folder_ + "/networks");
  // No registry, no systemd, no shared memory of the machine's own podman. runc, as crun refuses hybrid cgroups.
  std::ofstream(folder_ + "/containers.conf")
      << "[containers]\ndefault_ulimits = [" << limit("nofile", RLIMIT_NOFILE) << ", "
      << limit("nproc", RLIMIT_NPROC) << "]\ndefault_sysctls = []\nlog_driver = \"k8s-file\"\n"
      << "[engine]\nruntime = \"runc\"\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"\nlock_type = "
         "\"file\"\n"
      << "[network]\nnetwork_backend = \"netavark\"\nnetwork_config_dir = \"" << folder_ << "/networks\"\n";
  // Not overlay, which not every machine has, or not within a container.
  std::ofstream(folder_ + "/storage.conf") << "[storage]\ndriver = \"vfs\"\nrunroot = \"" << run_
                                           << "/run\"\ngraphroot = \"" << folder_ << "/root\"\n";
  std::ofstream(folder_ + "/registries.conf") << "unqualified-search-registries = []\n";
}

std::vector<std::string> PodmanService::command(const std::vector<std::string>& arguments) const {
  std::vector<std::string> out{"podman",
                               "--root",
                               folder_ + "/root",
                               "--runroot",
                               run_ + "/run",
                               "--tmpdir",
                               folder_ + "/libpod",
                               "--storage-driver",
                               "vfs",
                               "--runtime",
                               "runc",
                               "--cgroup-manager",
                               "cgroupfs",
                               "--log-level",
                               "error"};
  out.insert(out.end(), arguments.begin(), arguments.end());
  return out;
}

pid_t PodmanService::spawn(const std::vector<std::string>& arguments) const {
  auto words = command(arguments);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) give_up("no process for podman");
  if (child > 0) return child;
  // Not even where the test is killed does it stay.
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(1);
  ::setenv("CONTAINERS_CONF", (folder_ + "/containers.conf").c_str(), 1);
  ::setenv("CONTAINERS_STORAGE_CONF", (folder_ + "/storage.conf").c_str(), 1);
  ::setenv("CONTAINERS_REGISTRIES_CONF", (folder_ + "/registries.conf").c_str(), 1);
  ::setenv("TMPDIR", (folder_ + "/tmp").c_str(), 1);
  ::setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
  const int log = ::open((folder_ + "/podman.log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(nothing, 0);
  ::dup2(log, 1);
  ::dup2(log, 2);
  // Where what watches over a container notes that it ran out of memory.
  if (::chdir(folder_.c_str()) != 0) ::_exit(127);
  ::execvp("podman", argv.data());
  ::_exit(127);
}

void PodmanService::start() {
  if (is_running()) return;
  pid_ = spawn({"system", "service", "--time", "0", "unix://" + socket_path()});
  if (!until_it_listens()) give_up("podman does not serve its socket", folder_ + "/podman.log");
}

bool PodmanService::until_it_listens() const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_path().c_str());
  for (int round = 0; round < kRoundsMax; ++round) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool is_there = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    if (is_there) return true;
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) return false;
    ::usleep(kRoundUs);
  }
  return false;
}

void PodmanService::stop() {
  if (!is_running()) return;
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
  ::unlink(socket_path().c_str());
}

PodmanService::~PodmanService() {
  stop();
  const pid_t cleaner = spawn({"rm", "--all", "--force", "--time", "0"});
  ::waitpid(cleaner, nullptr, 0);
  // What watches over a container ends with it; over a command in it, minutes later.
  for (int round = 0; round < kRoundsMax && end_left_over(); ++round) ::usleep(kRoundUs);
  unmount_all();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
  fs::remove_all(run_, ignored);
}

/// Whether there was a process that works in our storage.
bool PodmanService::end_left_over() const {
  bool was_there = false;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    std::ifstream file(entry.path() / "cmdline");
    const std::string words((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (words.find(folder_ + "/root") == std::string::npos) continue;
    was_there = true;
    ::kill(static_cast<pid_t>(std::strtol(entry.path().filename().c_str(), nullptr, 10)), SIGKILL);
  }
  return was_there;
}

void PodmanService::unmount_all() const {
  std::vector<std::string> mounts;
  std::ifstream file("/proc/self/mounts");
  for (std::string device, path, rest; file >> device >> path && std::getline(file, rest);) {
    if (path.starts_with(folder_ + "/") || path.starts_with(run_ + "/")) mounts.push_back(path);
  }
  std::ranges::reverse(mounts);
  for (const std::string& path : mounts) ::umount2(path.c_str(), MNT_DETACH);
}

}  // namespace holdfast::base
