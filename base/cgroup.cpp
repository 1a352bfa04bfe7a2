// SPDX-License-Identifier: Apache-2.0
#include "base/cgroup.hpp"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <thread>

#include "base/digest.hpp"
#include "base/log.hpp"
#include "base/plain_file.hpp"

namespace holdfast::base {
namespace {

constexpr std::uint64_t kCpuPeriodUs = 100'000;
constexpr std::size_t kProcsBytesMax = 1U << 20U;
constexpr std::size_t kFamilyDigits = 8;

std::string_view next_line(std::string_view& text) {
  const std::size_t newline = text.find('\n');
  const std::string_view line = text.substr(0, newline);
  text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
  return line;
}

std::string_view next_word(std::string_view& line, char separator) {
  const std::size_t end = line.find(separator);
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  return word;
}

bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    if (next_word(list, ',') == word) return true;
  }
  return false;
}

/// Our path in the hierarchy of a version 1 controller, e.g. "/system.slice/holdfast-agent.service".
std::string_view own_path(std::string_view self_cgroup, std::string_view controller) {
  while (!self_cgroup.empty()) {
    std::string_view line = next_line(self_cgroup);
    next_word(line, ':');
    if (has_word(next_word(line, ':'), controller)) return line;
  }
  return {};
}

struct Mount {
  std::string_view root;
  std::string_view point;
  std::string_view type;
  std::string_view options;
};

Mount parse_mount(std::string_view line) {
  Mount mount;
  const std::size_t dash = line.find(" - ");
  if (dash == std::string_view::npos) return mount;
  std::string_view head = line.substr(0, dash);
  std::string_view tail = line.substr(dash + 3);
  for (int skipped = 0; skipped < 3; ++skipped) next_word(head, ' ');
  mount.root = next_word(head, ' ');
  mount.point = next_word(head, ' ');
  mount.type = next_word(tail, ' ');
  next_word(tail, ' ');
  mount.options = tail;
  return mount;
}

std::string own_folder(const Mount& mount, std::string_view own) {
  // In a container the mount may show only part of the hierarchy.
  if (mount.root != "/") own = own.starts_with(mount.root) ? own.substr(mount.root.size()) : "";
  return std::string(mount.point) + std::string(own == "/" ? "" : own);
}

bool make_group(const std::string& path) { return ::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST; }

/// With its family, which the last process of an earlier time may just have taken away.
Status make_in_family(const std::string& family, const std::string& group) {
  constexpr int kTriesMax = 3;
  for (int tried = 0; tried < kTriesMax; ++tried) {
    if (make_group(family) && make_group(family + "/" + group)) return {};
    if (errno != ENOENT) break;
  }
  return fail(Error::from_errno(errno, "cannot make cgroup '" + family + "/" + group + "'"));
}

std::string quota_us(std::uint32_t milli) {
  return std::to_string(std::uint64_t{milli} * kCpuPeriodUs / 1000);
}

std::string names_of(const CgroupLimits& limits) {
  std::string names;
  if (limits.memory_bytes_max) names = "memory";
  if (limits.cpu_milli_max) names.append(names.empty() ? "" : ", ").append("cpu");
  return names;
}

}  // namespace

CgroupMounts parse_cgroup_mounts(std::string_view mountinfo, std::string_view self_cgroup) {
  CgroupMounts mounts;
  while (!mountinfo.empty()) {
    const Mount mount = parse_mount(next_line(mountinfo));
    if (mount.type == "cgroup2" && mounts.v2.empty()) mounts.v2 = std::string(mount.point);
    if (mount.type != "cgroup") continue;
    if (has_word(mount.options, "memory"))
      mounts.v1_memory = own_folder(mount, own_path(self_cgroup, "memory"));
    if (has_word(mount.options, "cpu")) mounts.v1_cpu = own_folder(mount, own_path(self_cgroup, "cpu"));
  }
  return mounts;
}

Cgroups::Cgroups(CgroupMounts mounts, std::string_view run_dir)
    : mounts_(std::move(mounts)), family_("holdfast-" + Digest::of(run_dir).hex().substr(0, kFamilyDigits)) {}

Cgroups::Made Cgroups::make(const std::string& instance, const CgroupLimits& limits) {
  Made made;
  CgroupLimits left = limits;
  Status v2 = mounts_.v2.empty() ? Status(fail(Code::kUnsupported, "this host shows no cgroups"))
                                 : make_v2(instance, limits, made, left);
  make_v1(instance, made, left);
  if (!v2 && made.paths.empty() && made.late_paths.empty() && !told_) {
    told_ = true;
    log::info("processes run without cgroups", {{"reason", v2.error().message()}});
  }
  if (const std::string names = names_of(left); !names.empty()) {
    made.unenforced =
        names + ": " + (v2 ? "this host's cgroups have no such controller" : v2.error().message());
  }
  return made;
}

Status Cgroups::make_v2(const std::string& instance, const CgroupLimits& limits, Made& made,
                        CgroupLimits& left) const {
  const std::string family = mounts_.v2 + "/" + family_;
  const std::string group = "process-" + instance;
  const std::string path = family + "/" + group;
  HF_CHECK(make_in_family(family, group));
  kill(path);
  // Handing controllers down may fail on each level for reasons of its own; the limit's own file tells the
  // truth.
  const auto enable = [&](const char* controller) {
    static_cast<void>(write_control_file(mounts_.v2 + "/cgroup.subtree_control", controller));
    static_cast<void>(write_control_file(family + "/cgroup.subtree_control", controller));
  };
  if (limits.memory_bytes_max) {
    enable("+memory");
    if (write_control_file(path + "/memory.max", std::to_string(*limits.memory_bytes_max))) {
      left.memory_bytes_max.reset();
      static_cast<void>(write_control_file(path + "/memory.swap.max", "0"));
    }
  }
  if (limits.cpu_milli_max) {
    enable("+cpu");
    const std::string text = quota_us(*limits.cpu_milli_max) + " " + std::to_string(kCpuPeriodUs);
    if (write_control_file(path + "/cpu.max", text)) left.cpu_milli_max.reset();
  }
  const bool limits_any =
      left.memory_bytes_max != limits.memory_bytes_max || left.cpu_milli_max != limits.cpu_milli_max;
  (limits_any ? made.paths : made.late_paths).push_back(path);
  return {};
}

void Cgroups::make_v1(const std::string& instance, Made& made, CgroupLimits& left) const {
  const std::string group = "process-" + instance;
  const auto make_at = [&](const std::string& own) -> std::string {
    const std::string family = own + "/" + family_;
    if (own.empty() || !make_in_family(family, group)) return {};
    kill(family + "/" + group);
    return family + "/" + group;
  };
  if (left.memory_bytes_max) {
    const std::string path = make_at(mounts_.v1_memory);
    const std::string bytes = std::to_string(*left.memory_bytes_max);
    if (!path.empty() && write_control_file(path + "/memory.limit_in_bytes", bytes)) {
      // Where swap is counted it is limited, too.
      static_cast<void>(write_control_file(path + "/memory.memsw.limit_in_bytes", bytes));
      left.memory_bytes_max.reset();
      made.paths.push_back(path);
    }
  }
  if (left.cpu_milli_max) {
    const std::string path = make_at(mounts_.v1_cpu);
    if (!path.empty() && write_control_file(path + "/cpu.cfs_period_us", std::to_string(kCpuPeriodUs)) &&
        write_control_file(path + "/cpu.cfs_quota_us", quota_us(*left.cpu_milli_max))) {
      left.cpu_milli_max.reset();
      made.paths.push_back(path);
    } else if (!path.empty()) {
      remove(path);
    }
  }
}

void Cgroups::kill(const std::string& path) {
  if (write_control_file(path + "/cgroup.kill", "1")) return;
  const auto procs = read_plain_file(path + "/cgroup.procs", kProcsBytesMax);
  if (!procs) return;
  std::string_view rest = *procs;
  while (!rest.empty()) {
    const std::string_view line = next_line(rest);
    pid_t pid = 0;
    std::from_chars(line.data(), line.data() + line.size(), pid);
    if (pid > 0) ::kill(pid, SIGKILL);
  }
}

void Cgroups::remove(const std::string& path) {
  // What was killed in it may still be on its way out.
  constexpr int kTriesMax = 20;
  constexpr std::chrono::milliseconds kPause{2};
  for (int tried = 0; tried < kTriesMax && ::rmdir(path.c_str()) != 0 && errno == EBUSY; ++tried) {
    std::this_thread::sleep_for(kPause);
  }
  ::rmdir(path.substr(0, path.rfind('/')).c_str());  // the family, if this was its last
}

}  // namespace holdfast::base
