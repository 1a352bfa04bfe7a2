// SPDX-License-Identifier: Apache-2.0
// Programs that a command runs: found in PATH, started without a shell, their failure told.
#include "hub/cli/console.hpp"

#include <gtest/gtest.h>

#include "base/fake_clock.hpp"

namespace holdfast::cli {
namespace {

TEST(RealConsole, RunsAProgramAndWaitsForIt) {
  base::FakeClock clock;
  EXPECT_TRUE(real_console(clock).run_program({"true"}));
}

TEST(RealConsole, GivesEveryWordAsItIs) {
  base::FakeClock clock;
  const auto console = real_console(clock);
  EXPECT_TRUE(console.run_program({"test", "a b; $(c)", "=", "a b; $(c)"}));
}

TEST(RealConsole, TellsHowAProgramFailed) {
  base::FakeClock clock;
  const auto console = real_console(clock);
  const auto failed = console.run_program({"false"});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(), "false ended with exit code 1");
  const auto killed = console.run_program({"sh", "-c", "kill -TERM $$"});
  ASSERT_FALSE(killed);
  EXPECT_EQ(killed.error().message(), "sh ended with signal 15");
}

TEST(RealConsole, NamesAProgramThatIsNotThere) {
  base::FakeClock clock;
  const auto started = real_console(clock).run_program({"/nonexistent/editor"});
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message().find("cannot start /nonexistent/editor"), std::string::npos);
}

TEST(RealConsole, KnowsTheEnvironment) {
  base::FakeClock clock;
  const auto console = real_console(clock);
  EXPECT_FALSE(console.variable("PATH").empty());
  EXPECT_EQ(console.environment("HOLDFAST_NO_SUCH_VARIABLE"), std::nullopt);
}

}  // namespace
}  // namespace holdfast::cli
