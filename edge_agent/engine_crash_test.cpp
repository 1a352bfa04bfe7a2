// SPDX-License-Identifier: Apache-2.0
// Kill it anywhere, start it again, and it ends in the same place: every change of the host and every commit
// of a story is a place to die at, once before it and once after.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "edge_agent/fake_reaper.hpp"
#include "edge_agent/state_records.hpp"
#include "edge_agent/tables.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;

constexpr const char* kReadyWeb =
    R"({"command":["/usr/bin/web"],"readinessProbe":{"tcpSocket":{"port":80},"periodSeconds":1}})";

FakeApp impatient() {
  FakeApp app("app");
  app.policy.progress_deadline = 4s;
  return app;
}
FakeApp first() {
  return impatient()
      .file("a", "/etc/a", "one")
      .file("gone", "/etc/gone", "goes in the second")
      .file("old", "/etc/renamed", "same", {.wave = 1, .depends_on = ""})
      .process("web", {"/usr/bin/web"})
      .process("leaves", {"/usr/bin/leaves"});
}
FakeApp second() {
  return impatient()
      .file("a", "/etc/a", "two")
      .file("fresh", "/etc/fresh", "new", {.wave = -1, .depends_on = ""})
      .file("renamed", "/etc/renamed", "same")
      .process("web", {"/usr/bin/web", "--changed"});
}
FakeApp third() {
  return second().process_spec("bad", kReadyWeb).file("made", "/etc/made", "by the bad one");
}
FakeApp taker() { return FakeApp("taker").file("mine", "/etc/fresh", "new"); }

/// Adopted by a later section, pruned, changed, failed and rolled back, moved to another application,
/// removed.
struct Story {
  std::vector<std::function<void(FakeNode&)>> chapters;
};

Story story() {
  return {{
      [](FakeNode& node) {
        node.host.edit_by_hand("/etc/foreign", "foreign");
        node.accept(node.state({1, 1}, {first()}));
      },
      [](FakeNode& node) { node.accept(node.state({1, 2}, {second()})); },
      [](FakeNode& node) {
        node.host.set_probe("process:default/bad#readiness", {.ok = false, .detail = "no"});
        node.accept(node.state({1, 3}, {third()}));
      },
      [](FakeNode& node) { node.accept(node.state({1, 4}, {second().without("File/fresh"), taker()})); },
      [](FakeNode& node) {
        node.accept(node.state({1, 5}, {taker()}, {removal_of(second(), sync::RemovalMode::kPrune)}));
      },
  }};
}

/// Files with content and mode, what runs with which arguments, and the inventory.
std::set<std::string> end_state(FakeNode& node) {
  std::set<std::string> out;
  for (const auto& [path, entry] : node.host.files()) {
    if (entry.type == base::FileType::kRegular)
      out.insert(path + "=" + entry.content + " " + std::to_string(entry.mode));
  }
  for (const auto& instance : node.host.running()) {
    out.insert("runs " + instance + " " + node.host.started_with({instance})->spec_digest);
  }
  const auto status = node.store.read([&](sync::ReadTxn& txn) {
    return txn.scan(kInventoryTable, "", [&](std::string_view, std::string_view value) {
      const auto entry = sync::decode_inventory_entry(value);
      if (entry)
        out.insert("inventory " + entry->claim.text() + " " + entry->key.brief() + " " +
                   entry->application.str() + " " + std::to_string(static_cast<int>(entry->phase)));
      return true;
    });
  });
  EXPECT_TRUE(status);
  for (const auto& section : node.engine().snapshot().sections) {
    out.insert("section " + section.name + " " + std::string(sync::to_string(section.phase)));
  }
  return out;
}

void live_again(FakeNode& node, bool power_cut) {
  node.kill();
  if (power_cut) node.host.power_cut();
  node.store.restart();
  ASSERT_TRUE(node.boot());
}

/// Tells the story, dying once on the way; the hub sends again what was not acknowledged.
struct Told {
  bool died = false;
  std::vector<std::set<std::string>> ends;  ///< after each chapter
};
Told tell(FakeNode& node, const Story& all, std::optional<int> die_at, bool after, bool power_cut) {
  Reaper reaper(node, die_at, after, ChangesOf::kHost);
  bool mourned = false;
  Told told;
  for (const auto& chapter : all.chapters) {
    for (int tries = 0; tries < 2; ++tries) {
      try {
        chapter(node);
        node.pass(30s);
      } catch (const Death&) {
      }
      if (!reaper.died() || mourned) break;
      mourned = true;
      live_again(node, power_cut);
    }
    told.ends.push_back(end_state(node));
  }
  node.host.before_change(nullptr);
  node.store.on_commit(nullptr);
  told.died = reaper.died();
  return told;
}

class EngineKilled : public ::testing::TestWithParam<std::tuple<bool, bool>> {};

TEST_P(EngineKilled, AnywhereEndsInTheSamePlace) {
  const auto [after, power_cut] = GetParam();
  FakeNode untroubled;
  const Told expected = tell(untroubled, story(), std::nullopt, after, power_cut);
  ASSERT_FALSE(expected.died);
  ASSERT_EQ(expected.ends.size(), 5U);
  EXPECT_THAT(expected.ends[0], ::testing::Contains("/etc/a=one 420"));
  EXPECT_THAT(expected.ends[2], ::testing::Contains("/etc/a=two 420")) << "rolled back";
  EXPECT_THAT(expected.ends[2], ::testing::Not(::testing::Contains(::testing::HasSubstr("/etc/made"))));
  EXPECT_THAT(expected.ends[4], ::testing::Contains("/etc/fresh=new 420"));
  EXPECT_THAT(expected.ends[4], ::testing::Contains("/etc/foreign=foreign 420"));

  int deaths = 0;
  for (int die_at = 0; die_at < 1'000; ++die_at) {
    FakeNode node;
    const Told told = tell(node, story(), die_at, after, power_cut);
    if (!told.died) break;
    ++deaths;
    for (std::size_t chapter = 0; chapter < expected.ends.size(); ++chapter) {
      ASSERT_EQ(told.ends[chapter], expected.ends[chapter])
          << "died at " << die_at << ", seen after chapter " << chapter;
    }
  }
  EXPECT_GT(deaths, 40);
}

INSTANTIATE_TEST_SUITE_P(Table, EngineKilled, ::testing::Combine(::testing::Bool(), ::testing::Bool()),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param) ? "AfterCommit" : "BeforeCommit") +
                                  (std::get<1>(info.param) ? "WithPowerCut" : "");
                         });

/// A process is restarted for a new spec or a reboot, never because the agent died.
TEST(EngineKilledNeverRestartsAProcess, ThatRunsAsItShould) {
  for (int die_at = 0; die_at < 200; ++die_at) {
    FakeNode node;
    node.accept(node.state({1, 1}, {FakeApp("app").process("web", {"/usr/bin/web"})}));
    node.pass(1min);
    const auto pid = node.status("web").identity->pid;
    Story rest{{[](FakeNode& n) {
      n.accept(n.state(
          {1, 2},
          {FakeApp("app").process("web", {"/usr/bin/web"}).file("a", "/a", "a").process("b", {"/b"})}));
    }}};
    const bool died = tell(node, rest, die_at, false, false).died;
    ASSERT_EQ(node.status("web").identity->pid, pid) << "died at " << die_at;
    ASSERT_TRUE(node.runs("b"));
    if (!died) return;
  }
  FAIL() << "the story never came to its end";
}

// ---- with a hook under way ----

FakeMeta hook(const std::string& stage, const std::string& policy = "") {
  FakeMeta meta;
  meta.hook = stage;
  meta.hook_delete_policy = policy;
  return meta;
}
std::string once(const std::string& program) {
  return R"({"command":["/usr/bin/)" + program + R"("],"restartPolicy":"Never"})";
}

/// Each of its hooks ends well; then one whose PostSync fails, with SyncFail; then the hooks leave Git.
Story hook_story() {
  const auto app = [](const std::string& version) {
    return impatient().file("a", "/etc/a", version).process("web", {"/usr/bin/web", version});
  };
  return {{
      [app](FakeNode& node) {
        for (const auto* name : {"migrate", "check", "tell"}) {
          base::FakeProgram program;
          program.exits_with = 0;
          program.exits_after = 1s;
          node.host.set_program(node.process(name), program);
        }
        node.accept(node.state(
            {1, 1}, {app("1")
                         .process_spec("migrate", once("migrate"), hook("PreSync"))
                         .process_spec("check", once("check"), hook("PostSync", "HookSucceeded"))}));
      },
      [app](FakeNode& node) {
        base::FakeProgram program;
        program.exits_with = 1;
        program.exits_after = 1s;
        node.host.set_program(node.process("check"), program);
        node.accept(
            node.state({1, 2}, {app("2")
                                    .process_spec("migrate", once("migrate"), hook("PreSync"))
                                    .process_spec("check", once("check"), hook("PostSync", "HookFailed"))
                                    .process_spec("tell", once("tell"), hook("SyncFail"))}));
      },
      [app](FakeNode& node) { node.accept(node.state({1, 3}, {app("3")})); },
  }};
}

/// The run that a hook was started for, as the host sees it, and how often.
std::map<std::string, int> runs_of(FakeNode& node, const std::string& name) {
  std::map<std::string, int> out;
  const std::string start = "start " + node.process(name).instance;
  for (const auto& change : node.host.changes()) {
    if (change == start) ++out[name];
  }
  return out;
}

TEST(EngineKilledWithAHook, EndsInTheSamePlaceAndRunsNoneTwice) {
  FakeNode untroubled;
  const Told expected = tell(untroubled, hook_story(), std::nullopt, false, false);
  ASSERT_EQ(expected.ends.size(), 3U);
  EXPECT_THAT(expected.ends[1], ::testing::Contains("/etc/a=1 420")) << "rolled back";
  std::map<std::string, int> runs;
  for (const auto* name : {"migrate", "check", "tell"}) runs[name] = runs_of(untroubled, name)[name];
  EXPECT_EQ(runs, (std::map<std::string, int>{{"migrate", 3}, {"check", 3}, {"tell", 1}}));
  for (const bool after : {false, true}) {
    int deaths = 0;
    for (int die_at = 0; die_at < 1'000; ++die_at) {
      FakeNode node;
      const Told told = tell(node, hook_story(), die_at, after, false);
      if (!told.died) break;
      ++deaths;
      for (std::size_t chapter = 0; chapter < expected.ends.size(); ++chapter) {
        ASSERT_EQ(told.ends[chapter], expected.ends[chapter])
            << "died at " << die_at << ", seen after chapter " << chapter;
      }
      for (const auto& [name, count] : runs) {
        ASSERT_EQ(runs_of(node, name)[name], count) << name << ", died at " << die_at;
      }
    }
    EXPECT_GT(deaths, 30);
  }
}

}  // namespace
}  // namespace holdfast::edge_agent
