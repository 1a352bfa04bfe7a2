// SPDX-License-Identifier: Apache-2.0
#include "hub/source_book.hpp"

#include <gtest/gtest.h>

#include "base/fake_random.hpp"
#include "base/limits/hub.hpp"
#include "gitops/fake_git_source.hpp"

namespace holdfast::hub {
namespace {

using namespace std::chrono_literals;

TEST(HostOf, EveryFormOfUrl) {
  EXPECT_EQ(host_of("https://git.example.com/a.git"), "git.example.com");
  EXPECT_EQ(host_of("https://git.example.com:8443/a.git"), "git.example.com");
  EXPECT_EQ(host_of("ssh://git@git.example.com/a.git"), "git.example.com");
  EXPECT_EQ(host_of("git@git.example.com:team/a.git"), "git.example.com");
  EXPECT_EQ(host_of("https://[::1]:8443/a.git"), "[::1]");
  EXPECT_EQ(host_of("file:///srv/a.git"), "");
  EXPECT_EQ(host_of("/srv/a.git"), "");
}

TEST(IsBeneath, NeverALongerHostNameOrASibling) {
  EXPECT_TRUE(is_beneath("https://git.example.com/a.git", "https://git.example.com"));
  EXPECT_TRUE(is_beneath("https://git.example.com/team/a.git", "https://git.example.com/team/"));
  EXPECT_TRUE(is_beneath("https://git.example.com/a.git", "https://git.example.com/a.git"));
  EXPECT_FALSE(is_beneath("https://git.example.com.evil.org/a.git", "https://git.example.com"));
  EXPECT_FALSE(is_beneath("https://git.example.com:8443/a.git", "https://git.example.com"));
  EXPECT_FALSE(is_beneath("https://git.example.com/team-two/a.git", "https://git.example.com/team"));
  EXPECT_FALSE(is_beneath("https://git.example.com/a.git", ""));
}

/// Remembers what it was asked for and ends nothing by itself.
class RecordingGit final : public gitops::GitSource {
 public:
  std::vector<gitops::Repository> asked;
  void fetch(const gitops::Repository& repository) override { asked.push_back(repository); }
  void on_fetched(OnFetched) override {}
  base::Result<sync::Revision> resolve(const std::string&, const std::string&) override {
    return base::fail(error());
  }
  base::Result<gitops::TreeId> tree_id(const std::string&, const sync::Revision&,
                                       const std::string&) override {
    return base::fail(error());
  }
  base::Result<std::vector<gitops::TreeFile>> read_tree(const std::string&, const sync::Revision&,
                                                        const std::string&) override {
    return base::fail(error());
  }
  base::Result<gitops::TreeItem> read_item(const std::string&, const sync::Revision&,
                                           const std::string&) override {
    return base::fail(error());
  }
  base::Result<bool> is_ancestor(const std::string&, const sync::Revision&, const sync::Revision&) override {
    return base::fail(error());
  }
  base::Result<CommitInfo> commit_info(const std::string&, const sync::Revision&) override {
    return base::fail(error());
  }
  base::Status pin(const std::string&, const std::map<std::string, sync::Revision>&) override { return {}; }

 private:
  static base::Error error() { return {base::Code::kNotFound, "none"}; }
};

class SourceBookTest : public testing::Test {
 protected:
  SourceBookTest() {
    gitops::Repository team;
    team.url = "https://git.example.com/team";
    team.token_file = "/etc/holdfast/team";
    gitops::Repository all;
    all.url = "https://git.example.com";
    all.token_file = "/etc/holdfast/all";
    book = std::make_unique<SourceBook>(random, git, SourceBook::Options{{team, all}, 30s});
  }
  void end(const std::string& fetched, std::optional<base::Error> error = std::nullopt) {
    book->on_fetched({fetched, std::move(error), true}, now);
  }
  void run() { book->run_due(now); }

  base::FakeRandom random{3};
  RecordingGit git;
  std::unique_ptr<SourceBook> book;
  base::MonotonicTime now{1h};
  const std::string url = "https://git.example.com/team/a.git";
  const base::Error refused{base::Code::kUnavailable, "connection refused"};
};

TEST_F(SourceBookTest, ANewSourceIsFetchedAtOnceAndThenPolledWithJitter) {
  book->follow({url}, now);
  run();
  ASSERT_EQ(git.asked.size(), 1U);
  EXPECT_FALSE(book->was_fetched(url));
  end(url);
  EXPECT_TRUE(book->was_fetched(url));
  ASSERT_TRUE(book->next_due());
  EXPECT_GE(*book->next_due(), now + 27s);
  EXPECT_LE(*book->next_due(), now + 33s);
}

TEST_F(SourceBookTest, TheLongestPrefixGivesTheCredentials) {
  book->follow({url, "https://git.example.com/other.git", "https://elsewhere.example.com/b.git"}, now);
  run();
  std::map<std::string, std::string> tokens;
  for (const auto& repository : git.asked) tokens[repository.url] = repository.token_file;
  EXPECT_EQ(tokens.at(url), "/etc/holdfast/team");
  EXPECT_EQ(tokens.at("https://git.example.com/other.git"), "/etc/holdfast/all");
  EXPECT_EQ(tokens.at("https://elsewhere.example.com/b.git"), "");
}

TEST_F(SourceBookTest, AFailingHostHoldsItsSourcesBackButNotAPerson) {
  book->follow({url}, now);
  std::vector<std::chrono::milliseconds> waits;
  for (int i = 0; i < 8; ++i) {
    run();
    end(url, refused);
    waits.push_back(*book->next_due() - now);
    now = *book->next_due();
  }
  EXPECT_EQ(waits.front(), 30s) << "never sooner than the poll";
  EXPECT_EQ(waits.back(), base::limits::kFetchBackoffMax);
  EXPECT_EQ(book->error(url)->message(), "connection refused");
  run();
  end(url, refused);
  book->fetch_now(url, now);
  EXPECT_EQ(*book->next_due(), now);
  run();
  end(url);
  EXPECT_FALSE(book->error(url));
  EXPECT_LE(*book->next_due(), now + 33s) << "all is forgotten with the first success";
}

TEST_F(SourceBookTest, ATicketIsGoodForAFetchThatBeganLater) {
  book->follow({url}, now);
  run();
  const auto ticket = book->fetch_now(url, now);  // the one that runs may have missed it
  end(url);
  EXPECT_FALSE(book->has_completed(url, ticket));
  run();
  EXPECT_EQ(git.asked.size(), 2U);
  end(url, refused);
  EXPECT_TRUE(book->has_completed(url, ticket));
}

TEST_F(SourceBookTest, OnlySoManyAtOnce) {
  std::set<std::string> urls;
  for (int i = 0; i < 10; ++i) urls.insert("https://git" + std::to_string(i) + ".example.com/a.git");
  book->follow(urls, now);
  run();
  run();
  EXPECT_EQ(git.asked.size(), base::limits::kFetchesAtOnceMax - 1);
  EXPECT_FALSE(book->next_due()) << "an end will tell";
  book->fetch_now("https://git9.example.com/a.git", now);
  run();
  EXPECT_EQ(git.asked.back().url, "https://git9.example.com/a.git") << "a person has a place";
  book->fetch_now("https://git8.example.com/a.git", now);
  run();
  EXPECT_EQ(git.asked.size(), base::limits::kFetchesAtOnceMax);
  end(git.asked.front().url);
  run();
  EXPECT_EQ(git.asked.back().url, "https://git8.example.com/a.git");
}

TEST_F(SourceBookTest, AHostThatSaysNothingStarvesNoOther) {
  const std::string other = "https://z.example.com/a.git";
  std::set<std::string> urls{other};
  for (int i = 0; i < 100; ++i) urls.insert("https://dead.example.com/" + std::to_string(i));
  book->follow(urls, now);
  std::size_t of_other = 0;
  std::size_t of_dead = 0;
  // An hour in which each fetch of the dead host takes its minute.
  for (int minute = 0; minute < 60; ++minute) {
    run();
    const auto running = std::exchange(git.asked, {});
    for (const auto& repository : running) {
      ++(repository.url == other ? of_other : of_dead);
      if (repository.url == other) end(other);
    }
    now += 1min;
    for (const auto& repository : running) {
      if (repository.url != other) end(repository.url, refused);
    }
  }
  EXPECT_GE(of_other, 50U);
  EXPECT_LE(of_dead, 60U) << "one that does not answer for one repository does not for the others";
  for (const auto& dead : urls) {
    EXPECT_EQ(book->error(dead).has_value(), dead != other) << dead;
  }
}

TEST_F(SourceBookTest, TheOneThatWaitsLongestIsNext) {
  book->follow({"https://z.example.com/a.git"}, now);
  run();
  end("https://z.example.com/a.git");
  now = *book->next_due();
  std::set<std::string> urls{"https://z.example.com/a.git"};
  for (int i = 0; i < 5; ++i) urls.insert("https://a" + std::to_string(i) + ".example.com/a.git");
  book->follow(urls, now + 1s);
  git.asked.clear();
  now += 2s;
  run();
  EXPECT_EQ(git.asked.front().url, "https://z.example.com/a.git");
}

TEST_F(SourceBookTest, WhatIsWrongWithOneRepositoryIsNoMatterOfItsHost) {
  const std::string gone = "https://git.example.com/gone.git";
  book->follow({gone}, now);
  run();
  end(gone, base::Error(base::Code::kNotFound, "no such repository"));
  book->follow({gone, url}, now);
  run();
  EXPECT_EQ(git.asked.back().url, url);
}

TEST_F(SourceBookTest, WhatIsNotFollowedAnyMoreIsForgotten) {
  book->follow({url}, now);
  run();
  book->follow({}, now);
  end(url);  // it was under way
  book->follow({}, now);
  EXPECT_FALSE(book->was_fetched(url));
  EXPECT_FALSE(book->next_due());
}

}  // namespace
}  // namespace holdfast::hub
