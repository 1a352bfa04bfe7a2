// SPDX-License-Identifier: Apache-2.0
// What FakeGitSource has beyond the seam: time by hand, crashes, lost disks. The seam itself is in
// git_source_contract.cpp.
#include "gitops/fake_git_source.hpp"

#include <gtest/gtest.h>

namespace holdfast::gitops {
namespace {

using base::Code;
using sync::Revision;

const std::string kUrl = "https://git.example.com/fleet.git";

class FakeGitSourceTest : public testing::Test {
 protected:
  FakeGitSourceTest() {
    git_.on_fetched([this](const FetchResult& result) { results_.push_back(result); });
  }
  FakeGitSource git_;
  std::vector<FetchResult> results_;
};

TEST_F(FakeGitSourceTest, NothingHappensBeforeItIsDelivered) {
  git_.commit(kUrl, "main", {{"a.yaml", "x"}});
  git_.fetch({.url = kUrl});
  EXPECT_EQ(git_.pending(), 1U);
  EXPECT_TRUE(results_.empty());
  EXPECT_FALSE(git_.resolve(kUrl, "main"));
  EXPECT_EQ(git_.deliver(), 1U);
  EXPECT_EQ(git_.pending(), 0U);
  EXPECT_EQ(git_.fetches(kUrl), 1U);
  EXPECT_TRUE(git_.resolve(kUrl, "main"));
}

TEST_F(FakeGitSourceTest, ACommitIsFetchedAsTheRemoteIsWhenTheFetchEnds) {
  git_.commit(kUrl, "main", {{"a.yaml", "x"}});
  git_.fetch({.url = kUrl});
  const Revision later = git_.commit(kUrl, "main", {{"a.yaml", "y"}});
  git_.deliver();
  EXPECT_EQ(git_.resolve(kUrl, "main").value(), later);
}

TEST_F(FakeGitSourceTest, AChangeKeepsTheOtherFiles) {
  git_.commit(kUrl, "main", {{"a.yaml", "1"}, {"b.yaml", "2"}});
  const Revision changed = git_.change(kUrl, "main", {{"a.yaml", std::nullopt}, {"c.yaml", FakeFile("3")}});
  git_.fetch({.url = kUrl});
  git_.deliver();
  const auto files = git_.read_tree(kUrl, changed, ".").value();
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].path, "b.yaml");
  EXPECT_EQ(files[1].content, "3");
}

TEST_F(FakeGitSourceTest, AnUnreachableRemoteEndsFetchesWithItsErrorUntilItIsBack) {
  git_.commit(kUrl, "main", {{"a.yaml", "x"}});
  git_.set_unreachable(kUrl, base::Error(Code::kTimeout, "too slow"));
  git_.fetch({.url = kUrl});
  git_.deliver();
  ASSERT_TRUE(results_.at(0).error);
  EXPECT_EQ(results_[0].error->code(), Code::kTimeout);
  git_.set_unreachable(kUrl, std::nullopt);
  git_.fetch({.url = kUrl});
  git_.deliver();
  EXPECT_FALSE(results_.at(1).error);
}

TEST_F(FakeGitSourceTest, ARemoteThatWasNeverMadeIsNotFound) {
  git_.fetch({.url = kUrl});
  git_.deliver();
  ASSERT_TRUE(results_.at(0).error);
  EXPECT_EQ(results_[0].error->code(), Code::kNotFound);
}

TEST_F(FakeGitSourceTest, ACrashLosesFetchesUnderWayAndTheListenerAndNothingElse) {
  const Revision commit = git_.commit(kUrl, "main", {{"a.yaml", "x"}});
  git_.fetch({.url = kUrl});
  git_.deliver();
  ASSERT_TRUE(git_.pin(kUrl, {{"web", commit}}));
  git_.fetch({.url = kUrl});
  git_.crash();
  EXPECT_EQ(git_.deliver(), 0U);
  EXPECT_EQ(results_.size(), 1U);
  EXPECT_EQ(git_.resolve(kUrl, "main").value(), commit);
  EXPECT_EQ(git_.pinned(kUrl), std::vector<Revision>{commit});
  git_.lose_mirrors();
  EXPECT_FALSE(git_.resolve(kUrl, "main"));
}

TEST_F(FakeGitSourceTest, WhatNeitherRefNorPinReachesIsGone) {
  const Revision lost = git_.commit(kUrl, "main", {{"a.yaml", "x"}});
  git_.fetch({.url = kUrl});
  git_.deliver();
  git_.rewrite(kUrl, "main", {{"a.yaml", "y"}});
  git_.fetch({.url = kUrl});
  git_.deliver();
  EXPECT_EQ(git_.tree_id(kUrl, lost, ".").error().code(), Code::kNotFound);
}

TEST_F(FakeGitSourceTest, AForcePushGoesBackToACommitThatWasThere) {
  const Revision first = git_.commit(kUrl, "main", {{"a.yaml", "1"}});
  git_.commit(kUrl, "main", {{"a.yaml", "2"}});
  git_.force_push(kUrl, "main", first);
  git_.fetch({.url = kUrl});
  git_.deliver();
  EXPECT_EQ(git_.resolve(kUrl, "main").value(), first);
}

TEST(FakeGitSource, TheSameStoryHasTheSameIds) {
  const auto story = [] {
    FakeGitSource git;
    git.commit(kUrl, "main", {{"a.yaml", "1"}});
    return git.commit(kUrl, "main", {{"a.yaml", "2"}});
  };
  EXPECT_EQ(story(), story());
  EXPECT_EQ(story().str().size(), 40U);
}

}  // namespace
}  // namespace holdfast::gitops
