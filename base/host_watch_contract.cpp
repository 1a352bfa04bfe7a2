// SPDX-License-Identifier: Apache-2.0
// Contract: what a Host says about watched paths. Events may be spurious; they are never lost.
#include "base/host_contract.hpp"

namespace holdfast::base {
namespace {

class HostWatchContract : public HostContract {
 protected:
  /// Watches, forgets what came of the preparation, lets `change` happen, and waits for the news.
  void expect_news_of(const std::string& path, const std::function<void()>& change) {
    ASSERT_TRUE(host().watch_path(path));
    settle();
    change();
    EXPECT_TRUE(world().until_came(HostEventKind::kPath, path)) << "nothing came of " << path;
  }
  /// Until a change that is known to come has come, so that whatever was before it is through.
  void settle() {
    ASSERT_TRUE(host().watch_path("/settled"));
    world().edit_by_hand("/settled", std::to_string(++settled_));
    ASSERT_TRUE(world().until_came(HostEventKind::kPath, "/settled"));
    host().unwatch_path("/settled");
    world().events.clear();
  }

 private:
  int settled_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Host, HostWatchContract, all_host_kinds(), host_kind_name);

TEST_P(HostWatchContract, AnEditByHandIsNews) {
  world().edit_by_hand("/etc/a", "one");
  expect_news_of("/etc/a", [&] { world().edit_by_hand("/etc/a", "two"); });
}

TEST_P(HostWatchContract, AChangeOfModeIsNews) {
  world().edit_by_hand("/etc/a", "one");
  expect_news_of("/etc/a", [&] { world().mode_by_hand("/etc/a", 0600); });
}

TEST_P(HostWatchContract, ADeletionIsNews) {
  world().edit_by_hand("/etc/a", "one");
  expect_news_of("/etc/a", [&] { world().remove_by_hand("/etc/a"); });
}

TEST_P(HostWatchContract, AFileThatIsMadeLaterIsNews) {
  world().folder_by_hand("/etc");
  expect_news_of("/etc/a", [&] { world().edit_by_hand("/etc/a", "one"); });
}

TEST_P(HostWatchContract, AFileWhoseParentsAreMadeLaterIsNews) {
  expect_news_of("/x/y/z/a", [&] { world().edit_by_hand("/x/y/z/a", "one"); });
  world().events.clear();
  world().edit_by_hand("/x/y/z/a", "two");
  EXPECT_TRUE(world().until_came(HostEventKind::kPath, "/x/y/z/a")) << "the new folders are not watched";
}

TEST_P(HostWatchContract, LosingAParentIsNewsAndSoIsWhatComesInItsPlace) {
  world().edit_by_hand("/x/y/a", "one");
  expect_news_of("/x/y/a", [&] { world().remove_by_hand("/x"); });
  world().events.clear();
  world().edit_by_hand("/x/y/a", "again");
  EXPECT_TRUE(world().until_came(HostEventKind::kPath, "/x/y/a"));
}

TEST_P(HostWatchContract, AParentThatBecomesALinkIsNews) {
  world().edit_by_hand("/x/a", "one");
  expect_news_of("/x/a", [&] { world().link_by_hand("/x", "/elsewhere"); });
}

TEST_P(HostWatchContract, TwoPathsOfOneFolderAreToldApart) {
  world().edit_by_hand("/etc/a", "one");
  world().edit_by_hand("/etc/b", "one");
  ASSERT_TRUE(host().watch_path("/etc/a"));
  expect_news_of("/etc/b", [&] { world().edit_by_hand("/etc/b", "two"); });
  EXPECT_FALSE(world().came(HostEventKind::kPath, "/etc/a"));
}

TEST_P(HostWatchContract, WatchingTwiceIsWatchingOnce) {
  world().edit_by_hand("/etc/a", "one");
  ASSERT_TRUE(host().watch_path("/etc/a"));
  ASSERT_TRUE(host().watch_path("/etc/a"));
  host().unwatch_path("/etc/a");
  ASSERT_TRUE(host().watch_path("/etc/b"));
  world().edit_by_hand("/etc/a", "two");
  world().edit_by_hand("/etc/b", "two");
  EXPECT_TRUE(world().until_came(HostEventKind::kPath, "/etc/b"));
  EXPECT_FALSE(world().came(HostEventKind::kPath, "/etc/a"));
}

TEST_P(HostWatchContract, WhatIsNotWatchedAnyMoreIsNoNews) {
  world().edit_by_hand("/etc/a", "one");
  ASSERT_TRUE(host().watch_path("/etc/a"));
  ASSERT_TRUE(host().watch_path("/etc/b"));
  settle();
  host().unwatch_path("/etc/a");
  host().unwatch_path("/never/watched");
  world().edit_by_hand("/etc/a", "two");
  world().edit_by_hand("/etc/b", "two");
  EXPECT_TRUE(world().until_came(HostEventKind::kPath, "/etc/b"));
  EXPECT_FALSE(world().came(HostEventKind::kPath, "/etc/a"));
}

TEST_P(HostWatchContract, AWatchIsNotInheritedByTheNextAgent) {
  world().edit_by_hand("/etc/a", "one");
  ASSERT_TRUE(host().watch_path("/etc/a"));
  world().new_agent();
  ASSERT_TRUE(host().watch_path("/etc/b"));
  world().edit_by_hand("/etc/a", "two");
  world().edit_by_hand("/etc/b", "two");
  EXPECT_TRUE(world().until_came(HostEventKind::kPath, "/etc/b"));
  EXPECT_FALSE(world().came(HostEventKind::kPath, "/etc/a"));
}

TEST_P(HostWatchContract, OurOwnWriteLeavesTheWatchAtWork) {
  ASSERT_TRUE(host().watch_path("/etc/a"));
  FileWrite write;
  write.path = "/etc/a";
  write.content = "ours";
  ASSERT_TRUE(host().write_file(write));
  settle();
  world().edit_by_hand("/etc/a", "theirs");
  EXPECT_TRUE(world().until_came(HostEventKind::kPath, "/etc/a"));
}

}  // namespace
}  // namespace holdfast::base
