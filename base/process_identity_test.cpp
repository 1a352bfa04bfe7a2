// SPDX-License-Identifier: Apache-2.0
#include "base/process_identity.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace holdfast::base {
namespace {

TEST(ProcessStat, FieldsAreCountedBehindTheName) {
  const std::string rest = " 7 42 43 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1000 200\n";
  for (const std::string name : {"(sh)", "(a b)", "(odd) R 1 2 (name)", "()"}) {
    SCOPED_TRACE(name);
    const auto stat = parse_process_stat("123 " + name + " S" + rest);
    ASSERT_TRUE(stat);
    EXPECT_EQ(stat->state, 'S');
    EXPECT_EQ(stat->parent, 7);
    EXPECT_EQ(stat->session, 43);
    EXPECT_EQ(stat->start_time, 98765U);
  }
}

TEST(ProcessStat, WhatIsNoStatIsNone) {
  for (const std::string line :
       {"", "123", "123 (sh)", "123 (sh) S", "123 (sh) S 1 2 3", "123 (sh) SS 1 2 3 4",
        "1 (sh) S a b c 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765"}) {
    EXPECT_FALSE(parse_process_stat(line)) << line;
  }
}

TEST(ProcessIdentity, AProcessIsItselfOnlyWithItsStartAndBoot) {
  const auto stat = read_process_stat(::getpid());
  ASSERT_TRUE(stat);
  const ProcessIdentity self{"this-boot", ::getpid(), stat->start_time};
  EXPECT_TRUE(is_alive(self, "this-boot"));
  EXPECT_FALSE(is_alive(self, "another-boot"));
  EXPECT_FALSE(is_alive(ProcessIdentity{"this-boot", ::getpid(), stat->start_time + 1}, "this-boot"));
  EXPECT_FALSE(is_alive(ProcessIdentity{"", ::getpid(), stat->start_time}, ""))
      << "without a boot id nobody is sure";
  EXPECT_FALSE(is_alive(ProcessIdentity{"this-boot", 0, 0}, "this-boot"));
}

TEST(ProcessIdentity, AZombieIsDead) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(0);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  const auto stat = read_process_stat(child);
  ASSERT_TRUE(stat);
  EXPECT_FALSE(is_alive(ProcessIdentity{"b", child, stat->start_time}, "b"));
  ::waitpid(child, nullptr, 0);
}

TEST(ProcessIdentity, TheKernelsBootIdIsOneWord) {
  const std::string boot = read_boot_id();
  EXPECT_EQ(boot.size(), 36U);
  EXPECT_EQ(boot.find_first_of(" \n"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::base
