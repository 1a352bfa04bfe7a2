// SPDX-License-Identifier: Apache-2.0
// The records of a run folder: what an agent writes is what it reads, and damage is noticed.
#include "base/run_record.hpp"

#include <gtest/gtest.h>

namespace holdfast::base {
namespace {

StartRecord full_start() {
  StartRecord record;
  record.run = "0123abcd";
  record.boot_id = "9f0c";
  record.mark = "mac:1\nof two lines";
  record.spec_digest = "abc";
  record.limits_unenforced = "cpu: none";
  record.user = Credentials{1000, 100, {100, 44}};
  record.working_dir = "/srv/a=b";
  record.cgroups = {"/sys/fs/cgroup/x", "/sys/fs/cgroup/memory/x"};
  record.late_cgroups = {"/sys/fs/cgroup/unified/x"};
  record.argv = {"run", "", "--flag=a\\nb", "two\nlines", "\\"};
  record.env = {{"PATH", "/bin"}, {"EMPTY", ""}, {"EQUALS", "a=b=c"}};
  return record;
}

TEST(RunRecord, AStartIsReadAsItWasWritten) {
  const StartRecord written = full_start();
  const auto read = parse_start_record(to_text(written));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, written);
}

TEST(RunRecord, AStartWithoutUserRunsAsTheAgent) {
  StartRecord written = full_start();
  written.user.reset();
  EXPECT_EQ(parse_start_record(to_text(written)).value().user, std::nullopt);
}

TEST(RunRecord, TheTextOfAStartIsThatOfTheFormat) {
  StartRecord record;
  record.run = "r";
  record.boot_id = "b";
  record.argv = {"a b", "c\nd"};
  record.env = {{"N", "v\\"}};
  EXPECT_EQ(to_text(record),
            "holdfast-start 1\nrun=r\nboot=b\nmark=\nspec=\nunenforced=\ncwd=/\narg=a "
            "b\narg=c\\nd\nenv=N=v\\\\\nend\n");
}

TEST(RunRecord, AStateOfARunningWorkloadIsRead) {
  const auto state = parse_state_record(
      "holdfast-state 1\nrun=r\nphase=running\nboot=b\nshim=10 100\npid=11 101\nstarted=5\nended=0\nexit=0 "
      "0\n"
      "detail=\nend\n\n\n");
  ASSERT_TRUE(state) << state.error().message();
  EXPECT_FALSE(state->exited);
  EXPECT_EQ(state->shim, (ProcessIdentity{"b", 10, 100}));
  EXPECT_EQ(state->workload, (ProcessIdentity{"b", 11, 101}));
  EXPECT_EQ(state->started.time_since_epoch().count(), 5);
}

TEST(RunRecord, AStateOfAnEndedWorkloadIsRead) {
  const auto state = parse_state_record(
      "holdfast-state 1\nrun=r\nphase=exited\nboot=b\nshim=10 100\npid=11 101\nstarted=5\nended=9\nexit=0 "
      "15\n"
      "detail=two\\nlines\nlater=field\nend\n");
  ASSERT_TRUE(state) << state.error().message();
  EXPECT_TRUE(state->exited);
  EXPECT_EQ(state->exit_signal, 15);
  EXPECT_EQ(state->ended.time_since_epoch().count(), 9);
  EXPECT_EQ(state->detail, "two\nlines");
}

TEST(RunRecord, AStopIsReadAsItWasWritten) {
  const auto stop = parse_stop_record(to_text(StopRecord{"r", std::chrono::seconds(30)}));
  ASSERT_TRUE(stop);
  EXPECT_EQ(stop->run, "r");
  EXPECT_EQ(stop->grace, std::chrono::seconds(30));
}

TEST(RunRecord, DamageIsCorruption) {
  const struct {
    std::string name;
    std::string text;
  } rows[] = {
      {"empty", ""},
      {"another version", "holdfast-state 2\nend\n"},
      {"another record", "holdfast-start 1\nend\n"},
      {"no end", "holdfast-state 1\nrun=r\n"},
      {"cut off within the end", "holdfast-state 1\nrun=r\nen"},
      {"a line without value", "holdfast-state 1\nrun\nend\n"},
      {"an unknown phase", "holdfast-state 1\nphase=resting\nend\n"},
      {"a pid that is none", "holdfast-state 1\npid=eleven 1\nend\n"},
      {"half an identity", "holdfast-state 1\npid=11\nend\n"},
      {"a number too large", "holdfast-state 1\nexit=99999999999999999999 0\nend\n"},
      {"NUL bytes", std::string("holdfast-state 1\n\0\0\0end\n", 24)},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    const auto state = parse_state_record(row.text);
    ASSERT_FALSE(state);
    EXPECT_EQ(state.error().code(), Code::kCorrupt);
  }
  EXPECT_FALSE(parse_start_record("holdfast-start 1\nenv=NOEQUALS\nend\n"));
  EXPECT_FALSE(parse_stop_record("holdfast-stop 1\nrun=r\ngrace=-5\nend\n"));
}

TEST(RunRecord, EveryShorterTextOfAStartIsCorrupt) {
  const std::string text = to_text(full_start());
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(parse_start_record(text.substr(0, size))) << size;
}

}  // namespace
}  // namespace holdfast::base
