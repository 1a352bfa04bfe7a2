// SPDX-License-Identifier: Apache-2.0
// The pulling child as the loop sees it, whatever it says and however it ends. A script stands for it.
#include "edge_agent/registry/pull_process.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace holdfast::edge_agent {
namespace {

using base::Code;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

class PullProcessTest : public testing::Test {
 protected:
  PullProcessTest() { fs::create_directory(folder_); }
  ~PullProcessTest() override { fs::remove_all(folder_); }

  void start(const std::string& script) {
    const std::string program = folder_ + "/child";
    std::ofstream(program) << "#!/bin/sh\n" << script << "\n";
    ::chmod(program.c_str(), 0700);
    PullJob job;
    job.image = sync::ImageRef::parse("r.io/app:1").value();
    auto started = PullProcess::start(
        {*loop_, reaper_}, program, job,
        {[this](const PullProgress& progress) { progress_.push_back(progress); },
         [this](base::Result<PulledImage> image, std::optional<std::chrono::seconds> after) {
           end_ = std::move(image);
           retry_after_ = after;
           pull_.reset();
         }});
    ASSERT_TRUE(started) << started.error().message();
    pull_ = *std::move(started);
  }
  void run_until_the_end() {
    for (int round = 0; round < 1'000 && !end_; ++round) loop_->run_once(20ms);
    ASSERT_TRUE(end_) << "it did not end";
  }

  const std::string folder_ = testing::TempDir() + "pull-" + std::to_string(::getpid());
  std::unique_ptr<base::EventLoop> loop_ = base::EventLoop::create().value();
  base::ChildReaper reaper_{*loop_};
  std::unique_ptr<RunningPull> pull_;
  std::vector<PullProgress> progress_;
  std::optional<base::Result<PulledImage>> end_;
  std::optional<std::chrono::seconds> retry_after_;
};

TEST_F(PullProcessTest, TellsWhatItsChildTells) {
  const PulledImage image{
      base::Digest::of("m"), base::Digest::of("i"), base::Digest::of("c"), {base::Digest::of("l")}, false};
  start("test \"$1\" = pull-image && cat > " + folder_ + "/job\necho '" +
        encode_pull_word(PullProgress{1, 2}) + "'\necho '" + encode_pull_word(image) + "'");
  run_until_the_end();
  EXPECT_EQ(progress_, (std::vector<PullProgress>{{1, 2}}));
  ASSERT_TRUE(*end_) << end_->error().message();
  EXPECT_EQ(**end_, image);
  std::ifstream job(folder_ + "/job");
  const std::string given((std::istreambuf_iterator<char>(job)), std::istreambuf_iterator<char>());
  EXPECT_EQ(decode_pull_job(given)->image.text(), "r.io/app:1");
}

TEST_F(PullProcessTest, TellsWhyItFailedAndWhenToAskAgain) {
  start("echo '" + encode_pull_word(PullFailure{base::Error(Code::kNotFound, "none"), 30s}) + "'; exit 1");
  run_until_the_end();
  EXPECT_EQ(end_->error(), base::Error(Code::kNotFound, "none"));
  EXPECT_EQ(retry_after_, 30s);
}

struct Bad {
  std::string script;
  Code code;
  std::string message;
};
TEST_F(PullProcessTest, AChildThatMisbehavesIsAFailure) {
  const std::string no_word = "the pulling child says what is no word of its own";
  const std::string twice = encode_pull_word(PullFailure{base::Error(Code::kNotFound, "none"), std::nullopt});
  const Bad rows[] = {
      {"exit 3", Code::kUnavailable, "the pulling child ended with code 3 and no answer"},
      {"kill -KILL $$", Code::kUnavailable, "the pulling child was ended by signal 9 and no answer"},
      {"echo garbage; sleep 100", Code::kInternal, no_word},
      {"echo '" + twice + "'; echo '" + twice + "'; sleep 100", Code::kInternal, no_word},
      {"head -c 100000 /dev/zero | tr '\\0' x; sleep 100", Code::kInternal, no_word},
  };
  for (const Bad& row : rows) {
    end_.reset();
    start(row.script);
    run_until_the_end();
    ASSERT_FALSE(*end_) << row.script;
    EXPECT_EQ(end_->error(), base::Error(row.code, row.message)) << row.script;
  }
}

TEST_F(PullProcessTest, WhoIsNotWantedAnyMoreIsEnded) {
  start("echo $$ > " + folder_ + "/pid; exec sleep 1000");
  pid_t pid = 0;
  for (int round = 0; round < 1'000 && pid == 0; ++round) {
    loop_->run_once(10ms);
    std::ifstream(folder_ + "/pid") >> pid;
  }
  ASSERT_GT(pid, 0);
  pull_.reset();
  for (int round = 0; round < 1'000 && ::kill(pid, 0) == 0; ++round) loop_->run_once(10ms);
  EXPECT_NE(::kill(pid, 0), 0);
  EXPECT_EQ(reaper_.waiting(), 0U);
  EXPECT_FALSE(end_);
}

}  // namespace
}  // namespace holdfast::edge_agent
