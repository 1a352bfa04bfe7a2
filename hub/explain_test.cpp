// SPDX-License-Identifier: Apache-2.0
// why, diff and resources: what a person gets to read.
#include "hub/explain.hpp"

#include <gtest/gtest.h>

#include "hub/fake_fleet.hpp"

namespace holdfast::hub {
namespace {

using namespace std::chrono_literals;

class ExplainTest : public testing::Test {
 protected:
  ExplainTest() {
    first =
        fleet.commit({{"apps/motd/motd.yaml", "# a comment\n---\n" + file_yaml("motd", "/etc/motd", "one")},
                      {"apps/web/web.yaml", file_yaml("web", "/srv/web", "index")}},
                     "say hello");
    fleet.add_node("cam-1");
    fleet.apply({.name = "motd", .path = "apps/motd"});
    fleet.settle();
  }
  Why why(const std::string& brief) {
    const auto answers = fleet.hub->why("cam-1", brief);
    EXPECT_TRUE(answers) << (answers ? "" : answers.error().message());
    EXPECT_EQ(answers ? answers->size() : 0U, 1U);
    return answers && !answers->empty() ? answers->front() : Why{};
  }

  FakeFleet fleet;
  sync::Revision first;
};

TEST_F(ExplainTest, WhyNamesCommitFileAndLine) {
  const auto answer = why("File/motd");
  EXPECT_EQ(answer.application, "motd");
  EXPECT_EQ(answer.source, kRepository);
  EXPECT_EQ(answer.commit, first);
  EXPECT_EQ(answer.subject, "say hello");
  EXPECT_EQ(answer.file, "apps/motd/motd.yaml");
  EXPECT_EQ(answer.line, 3U);
  EXPECT_EQ(answer.sync, sync::SyncStatus::kSynced);
  EXPECT_EQ(answer.blocked_by, "");
  EXPECT_NE(answer.next, "");
}

TEST_F(ExplainTest, WhySaysWhatBlocksIt) {
  fleet.change({{"apps/motd/motd.yaml", "kind: [unclosed"}});
  fleet.poll();
  EXPECT_NE(why("File/motd").blocked_by.find("InvalidManifest"), std::string::npos);
}

TEST_F(ExplainTest, WhySaysThatThisRevisionFailedThere) {
  fleet.node("cam-1").set_health("motd", sync::SectionPhase::kQuarantined, sync::Health::kDegraded);
  fleet.settle();
  const auto answer = why("File/motd");
  EXPECT_EQ(answer.sync, sync::SyncStatus::kOutOfSync) << "what runs is another revision";
  EXPECT_NE(answer.blocked_by.find("this revision failed on the node"), std::string::npos);
  const auto told = fleet.condition("motd", "Quarantined");
  EXPECT_NE(
      told.find("node cam-1: revision " + fleet.hub->history("motd")->front().revision.str().substr(0, 10)),
      std::string::npos)
      << told;
}

TEST_F(ExplainTest, WhySaysThatTheNodeIsAway) {
  fleet.node("cam-1").disconnect();
  fleet.change({{"apps/motd/motd.yaml", file_yaml("motd", "/etc/motd", "two")}});
  fleet.poll();
  const auto answer = why("File/motd");
  EXPECT_NE(answer.blocked_by.find("not connected"), std::string::npos);
  EXPECT_NE(answer.next.find("when it returns"), std::string::npos);
}

TEST_F(ExplainTest, WhyNamesBothOfTwoThatWantOneClaim) {
  fleet.change({{"apps/web/web.yaml", file_yaml("theirs", "/etc/motd", "mine")}});
  fleet.apply({.name = "web", .path = "apps/web"});
  fleet.poll();
  const auto answer = why("File/theirs");
  EXPECT_EQ(answer.file, "apps/web/web.yaml");
  EXPECT_NE(answer.blocked_by.find("\"motd\""), std::string::npos);
  EXPECT_NE(answer.blocked_by.find("\"web\""), std::string::npos);
}

TEST_F(ExplainTest, WhyOfWhatIsNotThereSaysSo) {
  EXPECT_EQ(fleet.hub->why("cam-1", "File/nothing").error().code(), base::Code::kNotFound);
  EXPECT_EQ(fleet.hub->why("cam-9", "File/motd").error().code(), base::Code::kNotFound);
}

// ---- diff ----

TEST_F(ExplainTest, NoDifferenceWhenAllIsAsGitSays) { EXPECT_TRUE(fleet.hub->diff("motd")->empty()); }

TEST_F(ExplainTest, DiffShowsWhatWaitsForAPerson) {
  fleet.apply({.name = "motd", .path = "apps/motd", .automated = false});
  fleet.settle();
  fleet.add_node("cam-2");
  fleet.settle();
  ASSERT_TRUE(fleet.hub->sync("motd", {}));
  fleet.settle();
  fleet.change({{"apps/motd/motd.yaml", file_yaml("motd", "/etc/motd", "two")},
                {"apps/motd/issue.yaml", file_yaml("issue", "/etc/issue", "new")}});
  fleet.poll();
  const auto differences = fleet.hub->diff("motd");
  ASSERT_EQ(differences->size(), 2U);
  const auto& created = (*differences)[0];
  EXPECT_EQ(created.kind, DifferenceKind::kCreate);
  EXPECT_EQ(created.key.brief(), "File/issue");
  EXPECT_EQ(created.nodes, (std::vector<std::string>{"cam-1", "cam-2"}));
  EXPECT_EQ(created.file, "apps/motd/issue.yaml");
  const auto& updated = (*differences)[1];
  EXPECT_EQ(updated.kind, DifferenceKind::kUpdate);
  EXPECT_NE(updated.before.find("one"), std::string::npos);
  EXPECT_NE(updated.after.find("two"), std::string::npos);
}

TEST_F(ExplainTest, DiffShowsWhatWouldBeDeleted) {
  fleet.apply({.name = "motd", .path = "apps/motd", .automated = false});
  fleet.change({{"apps/motd/issue.yaml", file_yaml("issue", "/etc/issue", "new")},
                {"apps/motd/motd.yaml", std::nullopt}});
  fleet.poll();
  const auto differences = fleet.hub->diff("motd");
  ASSERT_EQ(differences->size(), 2U);
  EXPECT_EQ((*differences)[1].kind, DifferenceKind::kDelete);
  EXPECT_EQ((*differences)[1].key.brief(), "File/motd");
}

TEST_F(ExplainTest, DiffOfABadCommitSaysWhatIsWrong) {
  fleet.change({{"apps/motd/motd.yaml", "kind: [unclosed"}});
  fleet.poll();
  const auto differences = fleet.hub->diff("motd");
  ASSERT_FALSE(differences);
  EXPECT_NE(differences.error().message().find("apps/motd/motd.yaml"), std::string::npos);
}

// ---- resources, metrics ----

TEST_F(ExplainTest, ResourcesAreWhatNodesReport) {
  fleet.apply({.name = "web", .path = "apps/web"});
  fleet.poll();
  const auto all = fleet.hub->resources({});
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].key.brief(), "File/motd");
  EXPECT_EQ(all[0].health, sync::Health::kHealthy);
  EXPECT_EQ(fleet.hub->resources({.node = "cam-1", .application = "web"}).size(), 1U);
  EXPECT_TRUE(fleet.hub->resources({.node = "cam-9", .application = ""}).empty());
}

TEST_F(ExplainTest, MetricsFollowPrometheusConventions) {
  const auto text = base::prometheus_text(fleet.hub->metrics());
  EXPECT_NE(text.find("holdfast_hub_nodes{state=\"ready\"} 1"), std::string::npos) << text;
  EXPECT_NE(text.find("holdfast_hub_applications{health=\"Healthy\",sync=\"Synced\"} 1"), std::string::npos)
      << text;
  EXPECT_NE(text.find("holdfast_hub_git_fetch_total{result=\"ok\"} 1"), std::string::npos) << text;
  EXPECT_NE(text.find("holdfast_hub_messages_total{direction=\"down\",type=\"state\"} 1"), std::string::npos)
      << text;
  for (const auto& metric : fleet.hub->metrics()) {
    const bool is_total =
        metric.name.ends_with("_total") || metric.name.ends_with("_sum") || metric.name.ends_with("_count");
    EXPECT_EQ(metric.type == base::MetricType::kCounter, is_total) << metric.name;
    EXPECT_FALSE(metric.help.empty()) << metric.name;
  }
}

}  // namespace
}  // namespace holdfast::hub
