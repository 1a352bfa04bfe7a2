// SPDX-License-Identifier: Apache-2.0
// Where cgroups are, on the three kinds of host there are.
#include "base/cgroup.hpp"

#include <gtest/gtest.h>

namespace holdfast::base {
namespace {

TEST(CgroupMounts, AHostOfTodayHasVersionTwoOnly) {
  const CgroupMounts mounts = parse_cgroup_mounts(
      "24 30 0:22 / /proc rw,nosuid - proc proc rw\n"
      "31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
      "0::/system.slice/holdfast-agent.service\n");
  EXPECT_EQ(mounts.v2, "/sys/fs/cgroup");
  EXPECT_EQ(mounts.v1_memory, "");
  EXPECT_EQ(mounts.v1_cpu, "");
}

TEST(CgroupMounts, AHybridHostHasBoth) {
  const CgroupMounts mounts = parse_cgroup_mounts(
      "32 31 0:29 / /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup2 rw\n"
      "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
      "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
      "36 31 0:33 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n",
      "9:memory:/system.slice/a.service\n4:cpu,cpuacct:/\n3:cpuset:/\n0::/\n");
  EXPECT_EQ(mounts.v2, "/sys/fs/cgroup/unified");
  EXPECT_EQ(mounts.v1_memory, "/sys/fs/cgroup/memory/system.slice/a.service");
  EXPECT_EQ(mounts.v1_cpu, "/sys/fs/cgroup/cpu,cpuacct");
}

TEST(CgroupMounts, AContainerSeesItsPartOfTheHierarchy) {
  const CgroupMounts mounts =
      parse_cgroup_mounts("35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
                          "9:memory:/docker/abc/inner\n");
  EXPECT_EQ(mounts.v1_memory, "/sys/fs/cgroup/memory/inner");
}

TEST(CgroupMounts, OddLinesAreNoCgroups) {
  const CgroupMounts mounts = parse_cgroup_mounts("\n\nnonsense\n1 2 3 - \n- cgroup2\n", "::\n\n9:memory\n");
  EXPECT_EQ(mounts.v2, "");
  EXPECT_EQ(mounts.v1_memory, "");
}

TEST(Cgroups, WithoutAnyEveryLimitIsToldAsUnenforced) {
  Cgroups none({}, "/run/holdfast");
  const auto limited = none.make("web", {1U << 20U, 500});
  EXPECT_TRUE(limited.paths.empty());
  EXPECT_EQ(limited.unenforced, "memory, cpu: this host shows no cgroups");
  EXPECT_EQ(none.make("web", {{}, 500}).unenforced, "cpu: this host shows no cgroups");
  EXPECT_EQ(none.make("web", {}).unenforced, "");
}

}  // namespace
}  // namespace holdfast::base
