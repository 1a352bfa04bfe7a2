// SPDX-License-Identifier: Apache-2.0
// An agent that dies at any change of a container, or at any commit, runs a hook as often as one that lives, and ends where that one
// does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "edge_agent/fake_hooks.hpp"
#include "edge_agent/fake_reaper.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;

constexpr const char* kImage = "registry.example.com/migrate:1";
const base::ContainerName kMigrate{"hf.default.migrate.app"};

FakeApp with(const std::string& version, bool is_job, const FakeMeta& meta) {
  FakeApp app = versioned(version);
  app.policy.progress_deadline = 20s;
  app.policy.retry.limit = 0;
  const std::string pod =
      R"({"restartPolicy":"Never","containers":[{"name":"app","image":")" + std::string(kImage) + "\"}]}";
  if (!is_job) return app.pod("migrate", pod, meta);
  return app.workload("Job", "migrate", R"({"backoffLimit":0,"template":{"spec":)" + pod + "}}", meta);
}

using Chapter = std::function<void(FakeNode&, bool is_job)>;

void comes(FakeNode& node, std::uint64_t sequence, const FakeApp& app) {
  node.accept(node.state({1, sequence}, {app}));
}

/// It runs well; it fails; it runs well and goes; a slow one makes way for a revision that has it at a later stage; it leaves.
std::vector<Chapter> story() {
  const auto ends = [](FakeNode& node, std::int64_t code, std::chrono::milliseconds after = 500ms) {
    node.containers.set_program(kMigrate, {.exits_with = code, .exits_after = after});
  };
  return {
      [ends](FakeNode& node, bool is_job) {
        ends(node, 0);
        comes(node, 1, with("1", is_job, hook("PreSync")));
      },
      [ends](FakeNode& node, bool is_job) {
        ends(node, 1);
        comes(node, 2, with("2", is_job, hook("PreSync")));
      },
      [ends](FakeNode& node, bool is_job) {
        ends(node, 0);
        comes(node, 3, with("3", is_job, hook("PreSync", "HookSucceeded")));
      },
      [ends](FakeNode& node, bool is_job) {
        ends(node, 0, 10s);
        comes(node, 4, with("4", is_job, hook("Sync")));
      },
      [ends](FakeNode& node, bool is_job) {
        ends(node, 0);
        comes(node, 5, with("5", is_job, hook("PostSync")));
      },
      [](FakeNode& node, bool /*is_job*/) { comes(node, 6, versioned("6")); },
  };
}

std::set<std::string> end_state(FakeNode& node) {
  std::set<std::string> out;
  out.insert("content " + node.content("/etc/a").value_or("none"));
  const auto* there = node.containers.container(kMigrate);
  out.insert(there == nullptr ? "no container" : "a container");
  const auto starts = std::ranges::count(node.containers.changes(), "start " + kMigrate.str());
  out.insert("started " + std::to_string(starts));
  for (const auto& section : node.engine().snapshot().sections)
    out.insert("section " + section.name + " " + std::string(sync::to_string(section.phase)));
  return out;
}

struct Told {
  bool died = false;
  std::vector<std::set<std::string>> ends;
};

Told tell(std::optional<int> die_at, bool is_job, bool after) {
  FakeNode node;
  node.have_image(kImage);
  Reaper reaper(node, die_at, after);
  bool mourned = false;
  Told told;
  const auto chapters = story();
  for (std::size_t i = 0; i < chapters.size(); ++i) {
    for (int tries = 0; tries < 2; ++tries) {
      try {
        chapters[i](node, is_job);
        node.pass(i == 3 ? 4s : 30s);  // the fourth is pre-empted while its hook runs
      } catch (const Death&) {
      }
      if (!reaper.died() || mourned) break;
      mourned = true;
      node.kill();
      node.store.restart();
      EXPECT_TRUE(node.boot());
    }
    told.ends.push_back(end_state(node));
  }
  node.containers.before_change(nullptr);
  node.store.on_commit(nullptr);
  told.died = reaper.died();
  return told;
}

class ContainerHooksKilled : public ::testing::TestWithParam<std::tuple<bool, bool>> {};

TEST_P(ContainerHooksKilled, AnywhereRunOnceForEachAttempt) {
  const auto [is_job, after] = GetParam();
  const Told expected = tell(std::nullopt, is_job, after);
  ASSERT_FALSE(expected.died);
  using Ends = std::set<std::string>;
  ASSERT_EQ(expected.ends[0], (Ends{"content 1", "a container", "started 1", "section app Synced"}));
  ASSERT_EQ(expected.ends[1], (Ends{"content 1", "a container", "started 2", "section app Quarantined"}));
  ASSERT_EQ(expected.ends[2], (Ends{"content 3", "no container", "started 3", "section app Synced"}));
  ASSERT_EQ(expected.ends[4], (Ends{"content 5", "a container", "started 5", "section app Synced"}));
  ASSERT_EQ(expected.ends[5], (Ends{"content 6", "no container", "started 5", "section app Synced"}));
  int deaths = 0;
  for (int die_at = 0; die_at < 1'000; ++die_at) {
    const Told told = tell(die_at, is_job, after);
    if (!told.died) break;
    ++deaths;
    for (std::size_t chapter = 0; chapter < expected.ends.size(); ++chapter)
      ASSERT_EQ(told.ends[chapter], expected.ends[chapter])
          << "died at " << die_at << ", seen after chapter " << chapter;
  }
  EXPECT_GT(deaths, 40);
}

INSTANTIATE_TEST_SUITE_P(Table, ContainerHooksKilled,
                         ::testing::Combine(::testing::Bool(), ::testing::Bool()), [](const auto& info) {
                           return std::string(std::get<0>(info.param) ? "Job" : "Pod") +
                                  (std::get<1>(info.param) ? "AfterCommit" : "BeforeCommit");
                         });

}  // namespace
}  // namespace holdfast::edge_agent
