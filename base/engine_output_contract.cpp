// SPDX-License-Identifier: Apache-2.0
// Contract: what containers of an Engine say, and commands in them.
#include <algorithm>

#include "base/engine_contract.hpp"

namespace holdfast::base {
namespace {

using std::chrono::milliseconds;

class EngineOutputContract : public EngineContract {};
INSTANTIATE_TEST_SUITE_P(Engine, EngineOutputContract, all_engine_kinds(), engine_kind_name);

TEST_P(EngineOutputContract, TheNewestLinesOfALog) {
  const ContainerId id = started(world().that_says("hf.talker", 20));
  ASSERT_TRUE(until_says(id, "line 20\n"));
  const auto tail = logs(id, {.lines_max = 2});
  ASSERT_TRUE(tail) << tail.error().message();
  EXPECT_EQ(tail->text, "line 19\nline 20\n");
  EXPECT_FALSE(tail->is_cut);
}

TEST_P(EngineOutputContract, ALogIsCutToItsNewestBytes) {
  const ContainerId id = started(world().that_says("hf.talker", 20));
  ASSERT_TRUE(until_says(id, "line 20\n"));
  const auto tail = logs(id, {.lines_max = 20, .bytes_max = 12});
  ASSERT_TRUE(tail) << tail.error().message();
  EXPECT_EQ(tail->text, "line 20\n");
  EXPECT_TRUE(tail->is_cut);
}

TEST_P(EngineOutputContract, LinesHaveTheirTimesAndOldOnesAreLeftOut) {
  const ContainerId id = started(world().that_says("hf.talker", 20));
  ASSERT_TRUE(until_says(id, "line 20\n"));
  const auto all = log_lines(id);
  ASSERT_TRUE(all) << all.error().message();
  ASSERT_EQ(all->lines.size(), 20U);
  EXPECT_TRUE(std::ranges::is_sorted(all->lines, {}, &ContainerLine::time));
  EXPECT_GT(all->lines.front().time, WallTime{});
  const auto last = all->lines.back().time;
  const auto since_last = log_lines(id, {.since = last});
  ASSERT_TRUE(since_last);
  EXPECT_EQ(since_last->lines.back(), all->lines.back());
  const auto later = log_lines(id, {.since = last + std::chrono::milliseconds(1)});
  ASSERT_TRUE(later) << later.error().message();
  EXPECT_TRUE(later->lines.empty());
}

TEST_P(EngineOutputContract, OneThatNeverRanHasNoLog) {
  have_image();
  const auto id = create(world().that_runs("hf.silent"));
  ASSERT_TRUE(id);
  const auto output = logs(*id);
  ASSERT_TRUE(output) << output.error().message();
  EXPECT_EQ(output->text, "");
}

TEST_P(EngineOutputContract, ACommandTellsItsCodeAndBothStreams) {
  const ContainerId id = started(world().that_runs("hf.host"));
  for (const std::int64_t code : {0, 3}) {
    const auto end = exec(id, world().that_ends(code));
    ASSERT_TRUE(end) << end.error().message();
    EXPECT_EQ(end->exit_code, code);
    EXPECT_NE(end->output.text.find("out\n"), std::string::npos) << end->output.text;
    EXPECT_NE(end->output.text.find("err\n"), std::string::npos) << end->output.text;
    EXPECT_FALSE(end->output.is_cut);
  }
}

TEST_P(EngineOutputContract, ACommandsOutputIsCut) {
  const ContainerId id = started(world().that_runs("hf.host"));
  ExecCommand command = world().that_prints(100'000);
  command.output_bytes_max = 100;
  const auto end = exec(id, command);
  ASSERT_TRUE(end) << end.error().message();
  EXPECT_EQ(end->output.text.size(), 100U);
  EXPECT_TRUE(end->output.is_cut);
  EXPECT_EQ(end->exit_code, 0);
}

TEST_P(EngineOutputContract, ACommandThatNeverEndsIsLeftAtItsTimeout) {
  const ContainerId id = started(world().that_runs("hf.host"));
  EXPECT_REFUSED(Code::kTimeout, exec(id, world().that_never_ends(milliseconds(1500))));
  EXPECT_DONE(exec(id, world().that_ends(0)));
}

TEST_P(EngineOutputContract, TheEndOfACommandBeyondItsTimeoutIsTold) {
  const ContainerId id = started(world().that_runs("hf.host"));
  std::vector<EngineCallId> late;
  ExecCommand command = world().that_takes(milliseconds(3000), milliseconds(1000));
  command.on_late_end = [&](EngineCallId call) { late.push_back(call); };
  std::optional<Code> code;
  const auto call = engine().exec(id, command, [&](const Result<ExecEnd>& end) {
    if (!end) code = end.error().code();
  });
  ASSERT_TRUE(world().until([&] { return code.has_value(); }));
  EXPECT_EQ(code, Code::kTimeout);
  EXPECT_TRUE(late.empty());
  EXPECT_TRUE(world().until([&] { return !late.empty(); }));
  EXPECT_EQ(late, std::vector{call});
}

TEST_P(EngineOutputContract, OfACommandThatIsCancelledBeyondItsTimeoutNothingIsTold) {
  const ContainerId id = started(world().that_runs("hf.host"));
  bool is_told = false;
  ExecCommand command = world().that_takes(milliseconds(2000), milliseconds(1000));
  command.on_late_end = [&](EngineCallId) { is_told = true; };
  bool has_ended = false;
  const auto call = engine().exec(id, command, [&](const Result<ExecEnd>&) { has_ended = true; });
  ASSERT_TRUE(world().until([&] { return has_ended; }));
  engine().cancel(call);
  EXPECT_REFUSED(Code::kTimeout, exec(id, world().that_takes(milliseconds(9000), milliseconds(2000))));
  EXPECT_FALSE(is_told);
}

TEST_P(EngineOutputContract, NoCommandRunsInWhatDoesNotRun) {
  have_image();
  const auto id = create(world().that_runs("hf.still"));
  ASSERT_TRUE(id);
  EXPECT_REFUSED(Code::kConflict, exec(*id, world().that_ends(0)));
  EXPECT_DONE(start(*id));
  EXPECT_REFUSED(Code::kInvalid, exec(*id, ExecCommand{}));
}

}  // namespace
}  // namespace holdfast::base
