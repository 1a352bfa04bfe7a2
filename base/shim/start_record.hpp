// SPDX-License-Identifier: Apache-2.0
// StartRecord: what the agent wants run, read from the run folder (format: base/run_format.hpp). It lives in
// pages of its own, given back as soon as the workload has its copy.
// Threads: the shim has one.
#pragma once

#include <sys/types.h>

#include <cstddef>

#include "base/run_format.hpp"
#include "base/shim/text.hpp"

namespace holdfast::base::shim {

/// What the shim still needs when the workload runs.
struct Run {
  Text<run_format::kNonceBytesMax> nonce;
  Text<64> boot;
  Text<run_format::kCgroupPathBytesMax> cgroups[run_format::kCgroupsMax];
  bool enter_late[run_format::kCgroupsMax] = {};  ///< the cgroup of this number, after the start
  std::size_t cgroup_count = 0;
};

class StartRecord {
 public:
  StartRecord() = default;
  StartRecord(const StartRecord&) = delete;
  StartRecord& operator=(const StartRecord&) = delete;
  ~StartRecord();

  /// nullptr, or what is wrong with the record; errno is set.
  const char* load(int run_folder);

  Run run;
  bool change_user = false;
  uid_t uid = 0;
  gid_t gid = 0;
  const gid_t* groups = nullptr;
  std::size_t group_count = 0;
  const char* working_dir = "/";
  char** argv = nullptr;
  char** envp = nullptr;

 private:
  bool map_file(int run_folder);
  bool map_arrays();
  const char* parse();
  bool take(char* key, char* value);
  void take_groups(const char* list);

  static constexpr std::size_t kGroupsMax = 256;
  char* text_ = nullptr;
  std::size_t text_size_ = 0;
  char** pointers_ = nullptr;
  std::size_t pointers_size_ = 0;
  std::size_t argc_ = 0;
  std::size_t envc_ = 0;
  gid_t group_list_[kGroupsMax] = {};
};

}  // namespace holdfast::base::shim
