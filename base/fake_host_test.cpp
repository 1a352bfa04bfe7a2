// SPDX-License-Identifier: Apache-2.0
// What FakeHost can do beyond the contract: misfortunes, virtual time, and the record of what was touched.
#include "base/fake_host.hpp"

#include <gtest/gtest.h>

#include <csignal>

#include "base/fake_clock.hpp"

namespace holdfast::base {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const ProcessId kWeb{"web"};

class FakeHostTest : public testing::Test {
 protected:
  FakeHostTest() {
    host_.on_event([this](const HostEvent& event) { heard_.push_back(event.name); });
  }
  void write(const std::string& path, const std::string& content) {
    FileWrite write;
    write.path = path;
    write.content = content;
    ASSERT_TRUE(host_.write_file(write));
  }
  void start(FakeProgram program = {}) {
    host_.set_program(kWeb, std::move(program));
    ProcessStart start;
    start.id = kWeb;
    start.argv = {"web"};
    ASSERT_TRUE(host_.start_process(start));
  }

  FakeClock clock_;
  FakeHost host_{clock_};
  std::vector<std::string> heard_;
};

TEST_F(FakeHostTest, NothingIsHeardBeforeItIsDelivered) {
  ASSERT_TRUE(host_.watch_path("/a"));
  host_.edit_by_hand("/a", "x");
  EXPECT_TRUE(heard_.empty());
  EXPECT_EQ(host_.next_due(), clock_.monotonic());
  EXPECT_EQ(host_.deliver(), 1U);
  EXPECT_EQ(heard_, std::vector<std::string>{"/a"});
  EXPECT_EQ(host_.deliver(), 0U);
  EXPECT_EQ(host_.next_due(), std::nullopt);
}

TEST_F(FakeHostTest, WhatAnEventCausesWaitsForTheNextDelivery) {
  ASSERT_TRUE(host_.watch_path("/a"));
  host_.on_event([this](const HostEvent&) {
    if (heard_.size() < 2) {
      heard_.emplace_back("again");
      host_.edit_by_hand("/a", "y");
    }
  });
  host_.edit_by_hand("/a", "x");
  EXPECT_EQ(host_.deliver(), 1U);
  EXPECT_EQ(heard_.size(), 1U);
  EXPECT_EQ(host_.deliver(), 1U);
}

TEST_F(FakeHostTest, LostEventsBecomeALookAtEverything) {
  ASSERT_TRUE(host_.watch_path("/a"));
  host_.edit_by_hand("/a", "x");
  host_.lose_events();
  host_.deliver();
  EXPECT_EQ(heard_, std::vector<std::string>{""});
}

TEST_F(FakeHostTest, APowerCutKeepsWhatWasPromisedAndNoMore) {
  write("/kept", "x");
  write("/attributes", "x");
  ASSERT_TRUE(host_.set_attributes("/attributes", 0600, {}, {}));
  write("/removed", "x");
  ASSERT_TRUE(host_.remove_file("/removed"));
  write("/marked", "x");
  ASSERT_TRUE(host_.write_mark("/marked", "mac"));
  host_.power_cut();
  EXPECT_EQ(host_.read_file("/kept", 10).value(), "x");
  EXPECT_EQ(host_.stat("/attributes")->mode, 0600U);
  EXPECT_FALSE(host_.stat("/removed"));
  EXPECT_EQ(host_.read_mark("/marked").value(), "mac");
}

TEST_F(FakeHostTest, APowerCutForgetsAStartAndRemembersAnEnd) {
  start({.exits_with = 3});
  host_.deliver();
  ASSERT_EQ(host_.process(kWeb)->phase, ProcessPhase::kExited);
  start();
  host_.power_cut();
  EXPECT_EQ(host_.process(kWeb)->phase, ProcessPhase::kExited) << "the second start was never synced";
  EXPECT_EQ(host_.process(kWeb)->exit_code, 3);
  EXPECT_TRUE(host_.running().empty());
}

TEST_F(FakeHostTest, AnAgentThatIsGoneHearsNothing) {
  ASSERT_TRUE(host_.watch_path("/a"));
  start();
  host_.edit_by_hand("/a", "x");
  host_.agent_gone();
  EXPECT_EQ(host_.deliver(), 0U);
  EXPECT_TRUE(heard_.empty());
  EXPECT_FALSE(host_.is_watched("/a"));
  EXPECT_EQ(host_.running(), std::set<std::string>{"web"});
}

TEST_F(FakeHostTest, StopsTakeTheirTimeOnTheClock) {
  start({.stop_takes = seconds(5)});
  ASSERT_TRUE(host_.stop_process(kWeb, seconds(30)));
  host_.deliver();
  EXPECT_EQ(host_.running().size(), 1U);
  EXPECT_EQ(host_.next_due(), clock_.monotonic() + seconds(5));
  clock_.advance(seconds(5));
  host_.deliver();
  EXPECT_TRUE(host_.running().empty());
  EXPECT_EQ(host_.process(kWeb)->exit_signal, SIGTERM);
}

TEST_F(FakeHostTest, WhoTakesLongerThanTheGraceIsKilled) {
  start({.stop_takes = seconds(50)});
  ASSERT_TRUE(host_.stop_process(kWeb, seconds(30)));
  clock_.advance(seconds(30));
  host_.deliver();
  EXPECT_EQ(host_.process(kWeb)->exit_signal, SIGKILL);
}

TEST_F(FakeHostTest, FaultsHitWhereTheyAreSet) {
  write("/data/a", "x");
  const struct {
    std::string name;
    FileFault fault;
    std::optional<Code> reading;
    std::optional<Code> writing;
    std::optional<Code> removing;
  } rows[] = {
      {"no space", FileFault::kNoSpace, {}, Code::kNoSpace, {}},
      {"read only", FileFault::kReadOnly, {}, Code::kNoSpace, Code::kNoSpace},
      {"permission", FileFault::kPermission, Code::kPermission, Code::kPermission, Code::kPermission},
      {"io", FileFault::kIo, Code::kIo, Code::kIo, Code::kIo},
  };
  const auto code_of = [](const auto& result) {
    return result ? std::optional<Code>() : std::optional<Code>(result.error().code());
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    host_.set_fault("/data", row.fault);
    FileWrite again;
    again.path = "/data/a";
    again.content = "x";
    EXPECT_EQ(code_of(host_.read_file("/data/a", 10)), row.reading);
    EXPECT_EQ(code_of(host_.write_file(again)), row.writing);
    again.path = "/database";
    EXPECT_EQ(code_of(host_.write_file(again)), std::nullopt) << "another folder";
    EXPECT_EQ(code_of(host_.remove_file("/data/gone")), row.removing);
    host_.set_fault("/data", {});
    EXPECT_EQ(code_of(host_.read_file("/data/a", 10)), std::nullopt);
  }
}

TEST_F(FakeHostTest, EveryTouchIsCounted) {
  write("/a", "x");
  host_.forget_touched();
  static_cast<void>(host_.stat("/a"));
  static_cast<void>(host_.digest_file("/a"));
  static_cast<void>(host_.process(kWeb));
  EXPECT_EQ(host_.touched().stats, 1U);
  EXPECT_EQ(host_.touched().digests, 1U);
  EXPECT_EQ(host_.touched().process_looks, 1U);
  EXPECT_EQ(host_.touched().changes(), 0U);
  EXPECT_TRUE(host_.changes().empty());
  write("/b", "y");
  ASSERT_TRUE(host_.remove_file("/a"));
  start();
  EXPECT_EQ(host_.touched().changes(), 3U);
  EXPECT_EQ(host_.changes(), (std::vector<std::string>{"write /b", "remove /a", "start web"}));
}

TEST_F(FakeHostTest, ACrashCanBePutBeforeAnyChange) {
  std::vector<std::string> seen;
  host_.before_change([&](const std::string& what) {
    EXPECT_EQ(host_.file("/a"), nullptr);
    seen.push_back(what);
  });
  write("/a", "x");
  EXPECT_EQ(seen, std::vector<std::string>{"write /a"});
}

TEST_F(FakeHostTest, HandsChangeWhatTheyTouchAndKeepTheRest) {
  FileWrite marked;
  marked.path = "/a";
  marked.content = "x";
  marked.mode = 0600;
  marked.mark = "mac";
  ASSERT_TRUE(host_.write_file(marked));
  host_.edit_by_hand("/a", "edited");
  EXPECT_EQ(host_.file("/a")->mode, 0600U);
  EXPECT_EQ(host_.file("/a")->mark, "mac");
  host_.copy_by_hand("/a", "/copy");
  EXPECT_EQ(host_.read_mark("/copy").value(), "mac") << "a copy brings the mark along";
  host_.remove_by_hand("/a");
  EXPECT_EQ(host_.file("/a"), nullptr);
}

}  // namespace
}  // namespace holdfast::base
