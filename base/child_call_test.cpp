// SPDX-License-Identifier: Apache-2.0
#include "base/child_call.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <optional>

namespace holdfast::base {
namespace {

using namespace std::chrono_literals;

class ChildCallTest : public testing::Test {
 protected:
  ChildOrder order(std::string program) {
    return {.program = std::move(program), .name = "the child", .timeout = 20s, .answer_bytes_max = 1000};
  }
  /// What it answers, once it has.
  ChildEnd call(const ChildOrder& order) {
    std::optional<ChildEnd> out;
    auto child = ChildCall::start(*loop_, order, [&](const ChildEnd& end) {
      EXPECT_FALSE(out) << "told twice";
      out = end;
    });
    EXPECT_TRUE(child) << child.error().message();
    while (child && !out) loop_->run_once(1s);
    return out.value_or(ChildEnd{});
  }
  std::string script(const std::string& text) {
    const std::string path = testing::TempDir() + "child_call_test_" + std::to_string(++scripts_);
    std::ofstream(path) << "#!/bin/sh\n" << text << "\n";
    ::chmod(path.c_str(), 0700);
    return path;
  }

  std::unique_ptr<EventLoop> loop_ = *EventLoop::create();
  int scripts_ = 0;
};

TEST_F(ChildCallTest, IsGivenItsInputAndSaysItsAnswer) {
  auto cat = order("/bin/cat");
  cat.input = std::string(200'000, 'x');
  cat.answer_bytes_max = 1U << 20U;
  const auto end = call(cat);
  EXPECT_EQ(end.answer, cat.input);
  EXPECT_FALSE(end.is_late);
}

TEST_F(ChildCallTest, SeesTheEnvironmentThatIsGivenAndNoOther) {
  auto env = order("/usr/bin/env");
  EXPECT_EQ(call(env).answer, "");
  env.environment = {"A=b"};
  EXPECT_EQ(call(env).answer, "A=b\n");
}

TEST_F(ChildCallTest, OneThatIsLateIsEndedWithEverythingItStarted) {
  auto slow = order(script("sleep 1000 & echo $!; wait"));
  slow.timeout = 3s;
  const auto end = call(slow);
  EXPECT_TRUE(end.is_late);
  ASSERT_FALSE(end.answer.empty());
  const auto grandchild = static_cast<pid_t>(std::stoi(end.answer));
  bool is_gone = false;
  for (int i = 0; i < 500 && !is_gone; ++i) {
    std::ifstream stat("/proc/" + std::to_string(grandchild) + "/stat");
    std::string text((std::istreambuf_iterator<char>(stat)), {});
    is_gone = text.empty() || text.find(") Z") != std::string::npos;  // one that nobody has waited for yet
    loop_->run_once(10ms);
  }
  EXPECT_TRUE(is_gone);
}

TEST_F(ChildCallTest, OneThatSaysTooMuchIsEnded) {
  const auto end = call(order("/usr/bin/yes"));
  EXPECT_EQ(end.answer.size(), 1000U);
  EXPECT_FALSE(end.is_late);
}

TEST_F(ChildCallTest, HowOneEndedThatSaidNothingIsNamed) {
  EXPECT_EQ(call(order("/bin/false")).no_answer("the child").message(),
            "the child ended with code 1 and no answer");
  EXPECT_EQ(call(order(script("kill -9 $$"))).no_answer("the child").message(),
            "the child was ended by signal 9");
}

TEST_F(ChildCallTest, AProgramThatIsNotThereIsNamed) {
  const auto child = ChildCall::start(*loop_, order("/nowhere/program"), [](const ChildEnd&) { FAIL(); });
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().message(), "the child, /nowhere/program: No such file or directory");
}

TEST_F(ChildCallTest, OneThatIsNotWaitedForAnyMoreIsEnded) {
  pid_t pid = 0;
  {
    auto child = ChildCall::start(
        *loop_, order(script("echo $$ > " + testing::TempDir() + "child_call_test_pid; exec sleep 1000")),
        [](const ChildEnd&) { FAIL() << "it was destroyed before"; });
    ASSERT_TRUE(child);
    for (int i = 0; i < 500 && pid == 0; ++i) {
      std::ifstream(testing::TempDir() + "child_call_test_pid") >> pid;
      loop_->run_once(10ms);
    }
    ASSERT_GT(pid, 0);
  }
  EXPECT_EQ(::kill(pid, 0), -1) << "reaped, too";
}

}  // namespace
}  // namespace holdfast::base
