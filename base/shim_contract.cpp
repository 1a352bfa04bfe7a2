// SPDX-License-Identifier: Apache-2.0
// holdfast-shim, the real program, under LinuxHost: what a workload inherits, where its output goes, and that
// neither agent, shim, disk nor the workload's own children can make the Host lose track of it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/host_contract.hpp"
#include "base/limits/agent.hpp"
#include "base/plain_file.hpp"
#include "base/process_identity.hpp"
#include "base/real_world_contract.hpp"

namespace holdfast::base {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

const ProcessId kWeb{"web"};

class Shim : public testing::Test {
 protected:
  Host& host() { return world_.host(); }
  ProcessStatus status(const ProcessId& id = kWeb) { return host().process(id).value(); }
  ProcessStatus start(const ProcessStart& start) {
    const auto started = host().start_process(start);
    EXPECT_TRUE(started) << (started ? "" : started.error().message());
    return started.value_or(ProcessStatus{});
  }
  ProcessStatus start(const std::string& script) { return start(world_.shell("web", script)); }
  bool until_exited(const ProcessId& id = kWeb) {
    return world_.until([&] { return status(id).phase == ProcessPhase::kExited; });
  }
  /// The texts of a finished script's lines.
  std::vector<std::string> output_of(const std::string& script) {
    return output_of(world_.shell("web", script));
  }
  std::vector<std::string> output_of(const ProcessStart& start_of_it) {
    start(start_of_it);
    EXPECT_TRUE(until_exited());
    std::vector<std::string> texts;
    for (const std::string& line : lines()) texts.push_back(text_of(line));
    return texts;
  }
  std::vector<std::string> lines() {
    std::vector<std::string> found;
    std::string log = world_.log_of("web");
    for (std::size_t newline = log.find('\n'); newline != std::string::npos; newline = log.find('\n')) {
      found.push_back(log.substr(0, newline));
      log.erase(0, newline + 1);
    }
    EXPECT_EQ(log, "") << "the log ends within a line";
    return found;
  }
  static char tag_of(const std::string& line) { return line.at(line.find(' ') + 1); }
  static std::string text_of(const std::string& line) { return line.substr(line.find(' ') + 3); }
  std::string note(const std::string& name) { return world_.folder() + "/" + name; }
  std::int64_t pid_in(const std::string& name) {
    EXPECT_TRUE(world_.until([&] { return !read_plain_file(note(name), 100).value_or("").empty(); }));
    return std::atoll(read_plain_file(note(name), 100).value_or("").c_str());
  }
  static bool lives(std::int64_t pid) {
    const auto stat = read_process_stat(pid);
    return stat && stat->state != 'Z' && stat->state != 'X';
  }

  RealWorld world_;
};

// ---- what a workload inherits ----

TEST_F(Shim, AWorkloadHasItsOwnEnvironmentAndNoOther) {
  ProcessStart env = world_.shell("web", "");
  env.argv = {"env"};
  env.env = {{"PATH", "/usr/bin:/bin"}, {"ODD", "two\nlines\\and=more"}};
  EXPECT_EQ(output_of(env), (std::vector<std::string>{"PATH=/usr/bin:/bin", "ODD=two", "lines\\and=more"}));
}

TEST_F(Shim, AWorkloadHasNoDescriptorsButItsOwn) {
  // 3 is the listing itself.
  EXPECT_EQ(output_of("ls /proc/self/fd | tr '\\n' ' '; readlink /proc/self/fd/0"),
            (std::vector<std::string>{"0 1 2 3 /dev/null"}));
}

TEST_F(Shim, AWorkloadStartsWithCleanSignals) {
  EXPECT_EQ(output_of("grep -E 'Sig(Blk|Ign)' /proc/self/status | tr -d '\\t'; umask"),
            (std::vector<std::string>{"SigBlk:0000000000000000", "SigIgn:0000000000000000", "0022"}));
}

TEST_F(Shim, AWorkloadLeadsASessionOfItsOwn) {
  const ProcessStatus started = start("sleep 1000");
  const auto stat = read_process_stat(started.identity->pid);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->session, started.identity->pid);
  EXPECT_EQ(stat->parent, started.shim->pid);
  EXPECT_NE(read_process_stat(started.shim->pid)->parent, ::getpid()) << "the shim is a child of the agent";
}

TEST_F(Shim, AWorkloadRunsInItsFolder) {
  ProcessStart start_of_it = world_.shell("web", "pwd");
  start_of_it.working_dir = "/usr";
  EXPECT_EQ(output_of(start_of_it), std::vector<std::string>{"/usr"});
}

TEST_F(Shim, AWorkloadRunsAsItsUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  ProcessStart start_of_it =
      world_.shell("web", "echo $(id -u) $(id -g) $(id -G); echo to stdout > /dev/stdout");
  start_of_it.user = "65534:4";
  EXPECT_EQ(output_of(start_of_it), (std::vector<std::string>{"65534 4 4", "to stdout"}));
}

TEST_F(Shim, AnOrdinaryAgentRunsWorkloadsAsItself) {
  ProcessStart start_of_it = world_.shell("web", "id -u");
  start_of_it.user = std::to_string(::getuid()) + ":" + std::to_string(::getgid());
  EXPECT_EQ(output_of(start_of_it), std::vector<std::string>{std::to_string(::getuid())});
}

// ---- starts that fail ----

TEST_F(Shim, EachWayAStartCanFailIsToldAndRecorded) {
  world_.edit_by_hand("/plain-file", "#!/bin/sh\n");
  const struct {
    std::string name;
    Code code;
    std::int32_t exit_code;
    std::string named;
    std::function<void(ProcessStart&)> spoil;
  } rows[] = {
      {"missing", Code::kNotFound, 127, "/no/such", [](ProcessStart& s) { s.argv = {"/no/such"}; }},
      {"missing in PATH", Code::kNotFound, 127, "nonesuch", [](ProcessStart& s) { s.argv = {"nonesuch"}; }},
      {"not in the PATH it was given", Code::kNotFound, 127, "ls",
       [](ProcessStart& s) {
         s.argv = {"ls"};
         s.env = {{"PATH", "/no/where:/etc"}};
       }},
      {"not executable", Code::kPermission, 126, "plain-file",
       [this](ProcessStart& s) { s.argv = {world_.on_disk("/plain-file")}; }},
      {"a folder", Code::kPermission, 126, "/etc", [](ProcessStart& s) { s.argv = {"/etc"}; }},
      {"no such working folder", Code::kNotFound, 127, "/no/folder",
       [](ProcessStart& s) { s.working_dir = "/no/folder"; }},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    ProcessStart start_of_it = world_.shell("web", "");
    row.spoil(start_of_it);
    const auto started = host().start_process(start_of_it);
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code(), row.code) << started.error().message();
    EXPECT_NE(started.error().message().find(row.named), std::string::npos) << started.error().message();
    EXPECT_EQ(status().phase, ProcessPhase::kExited);
    EXPECT_EQ(status().exit_code, row.exit_code);
    EXPECT_NE(status().detail.find(row.named), std::string::npos) << status().detail;
  }
}

TEST_F(Shim, AnUnknownUserIsRefusedBeforeAnythingIsDone) {
  ProcessStart start_of_it = world_.shell("web", "true");
  start_of_it.user = "no-such-user-here";
  EXPECT_CODE(Code::kNotFound, host().start_process(start_of_it));
  EXPECT_EQ(status().phase, ProcessPhase::kAbsent);
}

TEST_F(Shim, AnAgentWithoutAShimSaysSo) {
  world_.options().shim_path = "/no/such/holdfast-shim";
  world_.new_agent();
  const auto started = host().start_process(world_.that_runs("web"));
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message().find("/no/such/holdfast-shim"), std::string::npos)
      << started.error().message();
  EXPECT_EQ(status().phase, ProcessPhase::kAbsent);
}

TEST_F(Shim, AShimThatEndsWithoutAWordIsAnError) {
  world_.options().shim_path = "/bin/true";
  world_.new_agent();
  EXPECT_CODE(Code::kUnavailable, host().start_process(world_.that_runs("web")));
  EXPECT_EQ(status().phase, ProcessPhase::kAbsent);
}

// ---- output ----

TEST_F(Shim, OutputIsFramedLineByLine) {
  start("echo one; echo two >&2; printf 'no newline'");
  ASSERT_TRUE(until_exited());
  const auto all = lines();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(text_of(all[0]), "one");
  EXPECT_EQ(text_of(all[1]), "two");
  EXPECT_EQ(text_of(all[2]), "no newline");
  for (const std::string& line : all) {
    EXPECT_EQ(tag_of(line), 'o');
    EXPECT_GT(std::atoll(line.c_str()), 1'600'000'000'000);
  }
}

TEST_F(Shim, ALongLineComesInPieces) {
  constexpr std::size_t kLength = limits::kLogLineBytesMax + 100;
  start("head -c " + std::to_string(kLength) + " /dev/zero | tr '\\0' x; echo; echo next");
  ASSERT_TRUE(until_exited());
  const auto all = lines();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(tag_of(all[0]), 'p');
  EXPECT_EQ(tag_of(all[1]), 'o');
  EXPECT_EQ(text_of(all[0]) + text_of(all[1]), std::string(kLength, 'x'));
  EXPECT_EQ(text_of(all[2]), "next");
}

TEST_F(Shim, ALineOfExactlyTheLimitIsOnePiece) {
  start("head -c " + std::to_string(limits::kLogLineBytesMax) + " /dev/zero | tr '\\0' x; echo; echo next");
  ASSERT_TRUE(until_exited());
  const auto all = lines();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(text_of(all[0]).size(), limits::kLogLineBytesMax);
  EXPECT_EQ(tag_of(all[0]), 'o');
}

TEST_F(Shim, AFloodIsBoundedAndItsGapIsTold) {
  start(
      "i=0; while [ $i -lt 40 ]; do head -c 100000 /dev/zero | tr '\\0' 'x'; echo; i=$((i+1)); done; echo "
      "the end");
  ASSERT_TRUE(until_exited());
  EXPECT_EQ(status().exit_code, 0);
  std::size_t segments = 0;
  for (const auto& entry : fs::directory_iterator(world_.log_dir() + "/web")) {
    ++segments;
    EXPECT_LE(entry.file_size(), limits::kLogSegmentBytesMax);
  }
  EXPECT_LE(segments, limits::kLogSegmentsMax);
  const auto all = lines();
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(text_of(all.back()), "the end");
  EXPECT_TRUE(std::ranges::any_of(
      all, [](const std::string& line) { return tag_of(line) == '-' && line.ends_with("bytes dropped"); }));
}

TEST_F(Shim, AnotherRunContinuesTheLogOfTheLast) {
  EXPECT_EQ(output_of("echo first"), std::vector<std::string>{"first"});
  EXPECT_EQ(output_of("echo second"), (std::vector<std::string>{"first", "second"}));
  // As the agent leaves it when it has compressed a segment.
  fs::rename(world_.log_dir() + "/web/0000000002.log", world_.log_dir() + "/web/0000000007.log.zst");
  start("echo third");
  ASSERT_TRUE(until_exited());
  EXPECT_TRUE(fs::exists(world_.log_dir() + "/web/0000000008.log"));
}

TEST_F(Shim, LogsGoOnAfterTheirFolderWasRemovedByHand) {
  start("echo one; while [ ! -e " + note("go") +
        " ]; do sleep 0.02; done; head -c 300000 /dev/zero | tr '\\0' '\\n'; "
        "echo two");
  ASSERT_TRUE(world_.until([&] { return !world_.log_of("web").empty(); }));
  fs::remove_all(world_.log_dir());
  ASSERT_TRUE(replace_plain_file(note("go"), "x"));
  ASSERT_TRUE(until_exited());
  EXPECT_EQ(text_of(lines().back()), "two");
}

TEST_F(Shim, AFullDiskLosesOutputButNeitherWorkloadNorExit) {
  fs::create_directories(world_.log_dir());
  if (::mount("none", world_.log_dir().c_str(), "tmpfs", 0, "size=64k") != 0) {
    GTEST_SKIP() << "mounting needs root and a container that allows it";
  }
  start("head -c 3000000 /dev/zero | tr '\\0' '\\n'; while [ ! -e " + note("go") +
        " ]; do sleep 0.02; done; echo after");
  ASSERT_TRUE(world_.until([&] { return world_.log_of("web").size() > 30'000; }));
  // A person makes room.
  ASSERT_EQ(::mount("none", world_.log_dir().c_str(), "tmpfs", MS_REMOUNT, "size=8m"), 0);
  ASSERT_TRUE(replace_plain_file(note("go"), "x"));
  const bool exited = until_exited();
  const auto all = exited ? lines() : std::vector<std::string>{};
  ::umount2(world_.log_dir().c_str(), MNT_DETACH);
  ASSERT_TRUE(exited);
  EXPECT_EQ(status().exit_code, 0);
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(text_of(all.back()), "after");
  EXPECT_TRUE(
      std::ranges::any_of(all, [](const std::string& line) { return line.ends_with("bytes dropped"); }));
}

/// The run folders on a disk of their own, small enough to be filled.
class ShimOnASmallDisk : public Shim {
 protected:
  void SetUp() override {
    fs::remove_all(world_.run_dir());
    fs::create_directories(world_.run_dir());
    mounted_ = ::mount("none", world_.run_dir().c_str(), "tmpfs", 0, "size=256k") == 0;
    if (!mounted_) GTEST_SKIP() << "mounting needs root and a container that allows it";
    world_.new_agent();
  }
  void TearDown() override {
    if (!mounted_) return;
    EXPECT_OK(host().forget_process(kWeb, true));
    world_.new_agent();
    ::umount2(world_.run_dir().c_str(), MNT_DETACH);
  }
  void fill() {
    const int fill = ::open((world_.run_dir() + "/fill").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const std::string block(4096, 'x');
    while (::write(fill, block.data(), block.size()) > 0) {
    }
    ::close(fill);
  }

 private:
  bool mounted_ = false;
};

TEST_F(ShimOnASmallDisk, AnExitIsRecordedThoughItIsFull) {
  start("while [ ! -e " + note("go") + " ]; do sleep 0.02; done; exit 5");
  fill();
  EXPECT_TRUE(replace_plain_file(note("go"), "x"));
  EXPECT_TRUE(until_exited());
  EXPECT_EQ(status().exit_code, 5);
}

TEST_F(ShimOnASmallDisk, AProcessIsStoppedWithinItsGraceThoughItIsFull) {
  start(world_.that_ignores_term("web"));
  ASSERT_TRUE(world_.until_deaf(kWeb));
  fill();
  EXPECT_OK(host().stop_process(kWeb, milliseconds(200)));
  EXPECT_TRUE(until_exited());
  EXPECT_EQ(status().exit_signal, SIGKILL);
}

TEST_F(ShimOnASmallDisk, AStartThatFindsNoRoomLeavesWhatIsKnownOfTheLastOne) {
  ProcessStart first = world_.shell("web", "exit 3");
  first.spec_digest = "first";
  start(first);
  ASSERT_TRUE(until_exited());
  fill();
  EXPECT_CODE(Code::kNoSpace, host().start_process(world_.shell("web", "true")));
  EXPECT_EQ(status().phase, ProcessPhase::kExited);
  EXPECT_EQ(status().exit_code, 3);
  EXPECT_EQ(status().spec_digest, "first");
}

// ---- children of the workload ----

TEST_F(Shim, WhatAWorkloadLeavesBehindEndsWithIt) {
  start("sleep 1000 & echo $! > " + note("child") + "; setsid sleep 1000 & echo $! > " + note("escaped") +
        "; exit 3");
  ASSERT_TRUE(until_exited());
  EXPECT_EQ(status().exit_code, 3);
  EXPECT_FALSE(lives(pid_in("child")));
  EXPECT_FALSE(lives(pid_in("escaped")));
}

TEST_F(Shim, ADaemonThatDoubleForksDoesNotGetAway) {
  start("(trap '' TERM; setsid sh -c 'echo $$ > " + note("daemon") +
        "; trap \"\" TERM HUP; while :; do sleep 1; done' &) ; while :; do sleep 1; done");
  const std::int64_t daemon = pid_in("daemon");
  ASSERT_TRUE(lives(daemon));
  EXPECT_OK(host().stop_process(kWeb, milliseconds(5000)));
  ASSERT_TRUE(until_exited());
  EXPECT_FALSE(lives(daemon));
}

TEST_F(Shim, TheWholeGroupHearsTheStop) {
  start("(trap 'echo child heard; exit 0' TERM; echo > " + note("ready") +
        "; while :; do sleep 0.05; done) & trap 'wait; exit 9' TERM; while :; do wait; done");
  ASSERT_TRUE(world_.until([&] { return fs::exists(note("ready")); }));
  EXPECT_OK(host().stop_process(kWeb, std::chrono::seconds(100)));
  ASSERT_TRUE(until_exited());
  EXPECT_EQ(status().exit_code, 9);
  EXPECT_TRUE(
      std::ranges::any_of(lines(), [](const std::string& line) { return text_of(line) == "child heard"; }));
}

TEST_F(Shim, AHaltedWorkloadCanBeStopped) {
  const ProcessStatus started = start("exec sleep 1000");
  ::kill(static_cast<pid_t>(started.identity->pid), SIGSTOP);
  EXPECT_OK(host().stop_process(kWeb, std::chrono::seconds(100)));
  ASSERT_TRUE(until_exited());
  EXPECT_EQ(status().exit_signal, SIGTERM);
}

// ---- lives and deaths ----

TEST_F(Shim, KillingTheAgentAtOnceAfterAStartLeavesTheWorkload) {
  const pid_t agent = ::fork();
  ASSERT_GE(agent, 0);
  if (agent == 0) {
    auto loop = EventLoop::create();
    auto host = LinuxHost::create(**loop, world_.options());
    const auto started = (*host)->start_process(world_.that_runs("web"));
    if (!started) ::_exit(1);
    ::kill(::getpid(), SIGKILL);
  }
  int how = 0;
  ::waitpid(agent, &how, 0);
  ASSERT_TRUE(WIFSIGNALED(how));
  world_.new_agent();
  EXPECT_EQ(status().phase, ProcessPhase::kRunning);
  const auto identity = status().identity;
  world_.new_agent();
  EXPECT_EQ(status().identity, identity);
}

TEST_F(Shim, AShimThatIsKilledDoesNotTakeTheOutputOfTheWorkloadWithIt) {
  start("while [ ! -e " + note("go") + " ]; do sleep 0.02; done; head -c 300000 /dev/zero; echo done > " +
        note("done") + "; exec sleep 1000");
  world_.kill_shim_by_hand(kWeb);
  ASSERT_TRUE(world_.until([&] { return status().phase == ProcessPhase::kLost; }));
  ASSERT_TRUE(status().identity);
  ASSERT_TRUE(replace_plain_file(note("go"), "x"));
  // More than the FIFO holds: somebody must be reading it.
  EXPECT_TRUE(world_.until([&] { return fs::exists(note("done")); }));
  EXPECT_TRUE(status().identity) << "the workload died of its output";
}

TEST_F(Shim, TheNextAgentGoesOnReadingForALostWorkload) {
  start("while [ ! -e " + note("go") + " ]; do sleep 0.02; done; head -c 300000 /dev/zero; echo done > " +
        note("done") + "; exec sleep 1000");
  world_.kill_shim_by_hand(kWeb);
  ASSERT_TRUE(world_.until([&] { return status().phase == ProcessPhase::kLost; }));
  world_.new_agent();
  ASSERT_TRUE(replace_plain_file(note("go"), "x"));
  EXPECT_TRUE(world_.until([&] { return fs::exists(note("done")); }));
}

TEST_F(Shim, AStopOfALostWorkloadGoesOnWithTheNextAgent) {
  start(world_.that_ignores_term("web"));
  ASSERT_TRUE(world_.until_deaf(kWeb));
  world_.kill_shim_by_hand(kWeb);
  ASSERT_TRUE(world_.until([&] { return status().phase == ProcessPhase::kLost; }));
  EXPECT_OK(host().stop_process(kWeb, milliseconds(200)));
  world_.new_agent();
  EXPECT_TRUE(world_.until([&] { return !status().identity; }));
}

TEST_F(Shim, SigtermToTheShimByHandIsPassedOnAndIsNotOurs) {
  const ProcessStatus started = start("exec sleep 1000");
  ::kill(static_cast<pid_t>(started.shim->pid), SIGTERM);
  ASSERT_TRUE(until_exited());
  EXPECT_EQ(status().exit_signal, SIGTERM);
  EXPECT_FALSE(status().stopped_by_us);
}

TEST_F(Shim, AReusedPidIsNobody) {
  start("exec sleep 1000");
  world_.kill_shim_by_hand(kWeb);
  ASSERT_TRUE(world_.until([&] { return status().phase == ProcessPhase::kLost; }));
  const std::string path = world_.run_dir() + "/web/state";
  const std::string honest = read_plain_file(path, 10'000).value();
  const std::string mine = std::to_string(::getpid());
  // This test itself stands for the innocent that got the number: alive, but started at another time.
  std::string forged = honest;
  const std::size_t at = forged.find("\npid=") + 5;
  forged.replace(at, forged.find(' ', at) - at, mine);
  // The record is as long as its bound, padded with newlines; numbers of processes differ in length.
  forged.resize(honest.size(), '\n');
  ASSERT_TRUE(replace_plain_file(path, forged));
  EXPECT_EQ(status().phase, ProcessPhase::kLost);
  EXPECT_FALSE(status().identity);
  EXPECT_OK(host().stop_process(kWeb, milliseconds(0)));
  ASSERT_TRUE(replace_plain_file(path, honest));
  EXPECT_TRUE(status().identity);
}

TEST_F(Shim, DamagedRecordsAreNoProcess) {
  start("exec sleep 1000");
  const std::string folder = world_.run_dir() + "/web";
  const std::string state = read_plain_file(folder + "/state", 10'000).value();
  for (const std::string& damaged :
       {std::string(), std::string("garbage"), state.substr(0, 60), std::string("holdfast-state 2\nend\n")}) {
    ASSERT_TRUE(replace_plain_file(folder + "/state", damaged));
    EXPECT_EQ(status().phase, ProcessPhase::kAbsent);
    // The shim still holds its lock: nothing is started beside it.
    EXPECT_CODE(Code::kConflict, host().start_process(world_.that_runs("web")));
  }
  ASSERT_TRUE(replace_plain_file(folder + "/state", state));
  EXPECT_EQ(status().phase, ProcessPhase::kRunning);
}

TEST_F(Shim, ManyStartAndEndTogether) {
  constexpr int kMany = 20;
  for (int i = 0; i < kMany; ++i) start(world_.that_runs("p" + std::to_string(i)));
  EXPECT_EQ(host().processes()->size(), std::size_t{kMany});
  for (int i = 0; i < kMany; ++i)
    EXPECT_OK(host().stop_process({"p" + std::to_string(i)}, milliseconds(5000)));
  for (int i = 0; i < kMany; ++i) EXPECT_TRUE(until_exited({"p" + std::to_string(i)}));
}

// ---- limits ----

TEST_F(Shim, ALimitThatCannotBeEnforcedIsTold) {
  world_.options().use_cgroups = false;
  world_.new_agent();
  ProcessStart start_of_it = world_.that_runs("web");
  start_of_it.memory_bytes_max = 64U << 20U;
  start_of_it.cpu_milli_max = 500;
  EXPECT_NE(start(start_of_it).limits_unenforced.find("memory, cpu"), std::string::npos);
  world_.new_agent();
  EXPECT_NE(status().limits_unenforced.find("memory, cpu"), std::string::npos);
}

TEST_F(Shim, AMemoryLimitEndsTheWorkloadAndSaysWhy) {
  ProcessStart start_of_it = world_.shell("web", "");
  start_of_it.argv = {"tail", "/dev/zero"};  // keeps one endless line
  start_of_it.memory_bytes_max = 32U << 20U;
  const auto started = host().start_process(start_of_it);
  ASSERT_TRUE(started) << started.error().message();
  if (!started->limits_unenforced.empty())
    GTEST_SKIP() << "no memory cgroup here: " << started->limits_unenforced;
  ASSERT_TRUE(until_exited());
  EXPECT_EQ(status().exit_signal, SIGKILL);
  EXPECT_NE(status().detail.find("out of memory"), std::string::npos) << status().detail;
}

TEST_F(Shim, MemoryOfAShimStaysWithinItsBound) {
  const ProcessStatus started = start("echo some output; exec sleep 1000");
  ASSERT_TRUE(world_.until([&] { return !world_.log_of("web").empty(); }));
  const auto rollup = read_plain_file("/proc/" + std::to_string(started.shim->pid) + "/smaps_rollup", 10'000);
  ASSERT_TRUE(rollup);
  std::size_t private_kb = 0;
  for (const std::string_view key : {"Private_Clean:", "Private_Dirty:"}) {
    private_kb += static_cast<std::size_t>(std::atoll(rollup->c_str() + rollup->find(key) + key.size()));
  }
  EXPECT_GT(private_kb, 0U);
  EXPECT_LE(private_kb, 300U);
}

}  // namespace
}  // namespace holdfast::base
