// SPDX-License-Identifier: Apache-2.0
// Cgroups: one for each supervised process where this host lets us make any: for its limits, and so that
// nothing it starts can hide. Version 2 with or without controllers, version 1 for memory and cpu; else none,
// and the caller is told which limits nobody enforces.
//
// Version 2 groups stand beside the agent's own, not in it: a service whose own cgroup has handed controllers
// down cannot be started again while workloads live in there (the kernel wants processes in leaves only), and
// workloads outlive the agent on purpose.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace holdfast::base {

/// Where the kernel shows cgroups, from /proc/self/mountinfo and /proc/self/cgroup. "": not there.
struct CgroupMounts {
  std::string v2;         ///< the mount
  std::string v1_memory;  ///< the agent's own group in it
  std::string v1_cpu;
};
CgroupMounts parse_cgroup_mounts(std::string_view mountinfo, std::string_view self_cgroup);

struct CgroupLimits {
  std::optional<std::uint64_t> memory_bytes_max;
  std::optional<std::uint32_t> cpu_milli_max;
};

class Cgroups {
 public:
  /// `run_dir` tells the groups of several agents on one host apart.
  Cgroups(CgroupMounts mounts, std::string_view run_dir);

  struct Made {
    std::vector<std::string> paths;       ///< to enter before the program runs, by writing cgroup.procs
    std::vector<std::string> late_paths;  ///< without a limit: to enter when nobody waits for it
    std::string unenforced;               ///< which limits nobody enforces, and why; empty: all are
  };
  /// A new, empty group for one process; what an earlier run left in it is killed.
  Made make(const std::string& instance, const CgroupLimits& limits);
  static void kill(const std::string& path);
  static void remove(const std::string& path);

 private:
  Status make_v2(const std::string& instance, const CgroupLimits& limits, Made& made,
                 CgroupLimits& left) const;
  void make_v1(const std::string& instance, Made& made, CgroupLimits& left) const;

  CgroupMounts mounts_;
  std::string family_;  ///< name of the group that holds all of ours
  bool told_ = false;   ///< that there are none here
};

}  // namespace holdfast::base
