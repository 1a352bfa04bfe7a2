// SPDX-License-Identifier: Apache-2.0
// What a log line looks like, and when it is not written.
#include "base/log.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <thread>
#include <vector>

#include "base/handle.hpp"
#include "base/limits/log.hpp"

namespace holdfast::base {
namespace {

std::vector<std::string>& lines() {
  static std::vector<std::string> all;
  return all;
}

std::string without_time(const std::string& line) { return line.substr(line.find(' ') + 1); }

class Log : public testing::Test {
 public:
  Log() {
    lines().clear();
    log::set_level(log::Level::kInfo);
    log::set_sink([](log::Level, std::string_view line) { lines().emplace_back(line); });
  }
  ~Log() override {
    log::set_sink(nullptr);
    log::set_level(log::Level::kInfo);
  }

 protected:
  static std::string only() {
    EXPECT_EQ(lines().size(), 1U);
    return lines().empty() ? "" : without_time(lines().front());
  }
};

TEST_F(Log, ALineIsLogfmtThatBeginsWithTheTimeInUtc) {
  log::info("started",
            {{"listen", "0.0.0.0:8443"}, {"nodes", 3}, {"broker", true}, {"size", std::uint64_t{7}}});
  ASSERT_EQ(lines().size(), 1U);
  EXPECT_THAT(lines().front(),
              testing::MatchesRegex(
                  "time=[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}Z level=info "
                  "msg=started listen=0[.]0[.]0[.]0:8443 nodes=3 broker=true size=7"));
}

struct ValueRow {
  const char* name;
  std::string value;
  const char* shown;
};

class LogValue : public Log, public testing::WithParamInterface<ValueRow> {};

TEST_P(LogValue, IsQuotedOnlyWhereItMust) {
  log::info("m", {{"v", GetParam().value}});
  EXPECT_EQ(only(), std::string("level=info msg=m v=") + GetParam().shown);
}

INSTANTIATE_TEST_SUITE_P(
    Table, LogValue,
    testing::Values(ValueRow{"Word", "plain-1.2/x:y", "plain-1.2/x:y"}, ValueRow{"Empty", "", R"("")"},
                    ValueRow{"Space", "a b", R"("a b")"}, ValueRow{"Equals", "a=b", R"("a=b")"},
                    ValueRow{"Quote", R"(say "hi")", R"("say \"hi\"")"},
                    ValueRow{"Backslash", R"(a\b)", R"("a\\b")"},
                    ValueRow{"NewLine", "a\nlevel=error", R"("a\nlevel=error")"},
                    ValueRow{"Tab", "a\tb", R"("a\tb")"}, ValueRow{"CarriageReturn", "a\rb", R"("a\rb")"},
                    ValueRow{"Escape", "\x1b[31m", R"("\x1b[31m")"}, ValueRow{"Utf8", "grün", "grün"},
                    ValueRow{"NotUtf8", "a\xff", R"("a\xff")"}),
    [](const auto& row) { return row.param.name; });

TEST_F(Log, ALongValueIsCutAtACharacter) {
  const std::string most(limits::kLogFieldBytesMax, 'x');
  log::info("m", {{"v", most}});
  EXPECT_EQ(only(), "level=info msg=m v=" + most);
  lines().clear();
  log::info("m", {{"v", most.substr(1) + "ü"}});
  EXPECT_EQ(only(), "level=info msg=m v=\"" + most.substr(1) + "…\"");
}

TEST_F(Log, AFieldNameCannotForgeAnotherField) {
  log::info("m", {{"a b=c", "v"}});
  EXPECT_EQ(only(), "level=info msg=m a_b_c=v");
}

TEST_F(Log, LevelsBelowTheLowestAreNotShown) {
  log::set_level(log::Level::kWarn);
  log::debug("a");
  log::info("b");
  log::warn("c");
  log::error("d");
  ASSERT_EQ(lines().size(), 2U);
  EXPECT_EQ(without_time(lines()[0]), "level=warn msg=c");
  EXPECT_EQ(without_time(lines()[1]), "level=error msg=d");
}

TEST(LogLevel, IsReadFromItsName) {
  EXPECT_EQ(log::parse_level("debug").value(), log::Level::kDebug);
  EXPECT_EQ(log::parse_level("error").value(), log::Level::kError);
  const auto wrong = log::parse_level("LOUD");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message(), "unknown log level level=LOUD; use debug, info, warn or error");
}

// ---- going quiet ----

const Error kRefused(Code::kUnavailable, "connection refused");

TEST_F(Log, AFailureIsShownForItsPowersOfTwo) {
  for (int i = 1; i <= 20; ++i) log::failure("cannot reach hub", "powers", kRefused);
  ASSERT_EQ(lines().size(), 5U);
  const std::string line =
      R"(level=warn msg="cannot reach hub" key=powers code=Unavailable error="connection refused")";
  EXPECT_EQ(without_time(lines()[0]), line);
  EXPECT_EQ(without_time(lines()[1]), line + " repeated=2");
  EXPECT_EQ(without_time(lines()[2]), line + " repeated=4");
  EXPECT_EQ(without_time(lines()[3]), line + " repeated=8");
  EXPECT_EQ(without_time(lines()[4]), line + " repeated=16");
  log::recovered("cannot reach hub", "powers");
}

TEST_F(Log, AFailureThatOnlyAPersonCanMendIsAnError) {
  log::failure("bad manifest", "stalled", Error(Code::kInvalid, "no path"), {{"file", "a.yaml"}});
  EXPECT_EQ(only(), R"(level=error msg="bad manifest" key=stalled code=Invalid error="no path" file=a.yaml)");
  log::recovered("bad manifest", "stalled");
}

TEST_F(Log, RecoverySpeaksOnceAndEndsTheQuiet) {
  for (int i = 0; i < 3; ++i) log::failure("cannot fetch", "repo", kRefused);
  lines().clear();
  log::recovered("cannot fetch", "repo");
  EXPECT_EQ(only(), R"(level=info msg=recovered from="cannot fetch" key=repo failures=3)");
  lines().clear();
  log::recovered("cannot fetch", "repo");
  EXPECT_TRUE(lines().empty());
  log::failure("cannot fetch", "repo", kRefused);
  EXPECT_EQ(lines().size(), 1U);
  log::recovered("cannot fetch", "repo");
}

TEST_F(Log, RecoveryOfWhatNeverFailedSaysNothing) {
  log::recovered("cannot fetch", "never");
  EXPECT_TRUE(lines().empty());
}

TEST_F(Log, OtherKeysAndOtherMessagesAreCountedApart) {
  for (int i = 0; i < 2; ++i) {
    log::failure("m1", "k1", kRefused);
    log::failure("m1", "k2", kRefused);
    log::failure("m2", "k1", kRefused);
  }
  EXPECT_EQ(lines().size(), 6U);
  for (const char* message : {"m1", "m2"}) {
    for (const char* key : {"k1", "k2"}) log::recovered(message, key);
  }
}

TEST_F(Log, RemembersABoundedNumberAndForgetsTheLongestSilent) {
  log::failure("m", "kept", kRefused);
  log::failure("m", "forgotten", kRefused);
  for (std::size_t i = 0; i < limits::kLogFailuresRememberedMax - 1; ++i) {
    log::failure("m", "kept", kRefused);
    log::failure("m", "other-" + std::to_string(i), kRefused);
  }
  lines().clear();
  log::recovered("m", "forgotten");
  EXPECT_TRUE(lines().empty());
  log::recovered("m", "kept");
  EXPECT_EQ(lines().size(), 1U);
  for (std::size_t i = 0; i < limits::kLogFailuresRememberedMax; ++i)
    log::recovered("m", "other-" + std::to_string(i));
}

// ---- standard error ----

/// Standard error, caught in a pipe for the length of a scope.
class CaughtStderr {
 public:
  CaughtStderr() : saved_(::dup(STDERR_FILENO)) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_DIRECT), 0);  // packets: a read gives one write
    out_ = Fd(ends[0]);
    const Fd in(ends[1]);
    EXPECT_GE(::dup2(in.get(), STDERR_FILENO), 0);
  }
  ~CaughtStderr() { ::dup2(saved_.get(), STDERR_FILENO); }
  std::string one_write() const {
    std::array<char, 65536> text{};
    const auto got = ::read(out_.get(), text.data(), text.size());
    return {text.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
  }

 private:
  Fd saved_;
  Fd out_;
};

TEST(LogToStandardError, ALineIsOneWrite) {
  std::string first, second;
  {
    const CaughtStderr caught;
    log::info("one", {{"a", "x y"}});
    log::warn("two");
    first = caught.one_write();
    second = caught.one_write();
  }
  EXPECT_EQ(without_time(first), "level=info msg=one a=\"x y\"\n");
  EXPECT_EQ(without_time(second), "level=warn msg=two\n");
}

TEST(LogFromThreads, LosesNoCount) {
  log::set_sink([](log::Level, std::string_view) {});
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 250; ++i) log::failure("shared", "threads", kRefused);
    });
  }
  for (auto& thread : threads) thread.join();
  lines().clear();
  log::set_sink([](log::Level, std::string_view line) { lines().emplace_back(line); });
  log::recovered("shared", "threads");
  log::set_sink(nullptr);
  ASSERT_EQ(lines().size(), 1U);
  EXPECT_EQ(without_time(lines()[0]), "level=info msg=recovered from=shared key=threads failures=1000");
}

}  // namespace
}  // namespace holdfast::base
