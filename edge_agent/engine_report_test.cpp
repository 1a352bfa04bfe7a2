// SPDX-License-Identifier: Apache-2.0
// What a node says about itself: snapshot, events, why, plan, metrics.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "edge_agent/agent_cli.hpp"
#include "edge_agent/fake_node.hpp"
#include "edge_agent/local_routes.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using sync::Health;
using sync::SyncStatus;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

FakeApp app() { return FakeApp("app").file("a", "/etc/a", "A").process("web", {"/usr/bin/web"}); }

Why why_of(FakeNode& node, const std::string& brief) {
  const auto list = node.engine().why(brief);
  EXPECT_TRUE(list) << list.error().message();
  return list && !list->empty() ? list->front() : Why{};
}

// ---- snapshot ----

TEST(EngineSnapshot, IsOfThisNodeAndOfWhatItHoldsThoughFactsWereSetBeforeBoot) {
  FakeNode node;
  node.desire({app()});
  node.settle();
  node.kill();
  Engine engine({node.clock, node.random, node.store, node.host}, node.identity);
  engine.set_facts({{"arch", "arm64"}});
  EXPECT_EQ(engine.snapshot().node, node.identity.uid);
  ASSERT_TRUE(engine.boot());
  EXPECT_EQ(engine.snapshot().node, node.identity.uid);
  EXPECT_EQ(engine.snapshot().accepted, node.generation());
  EXPECT_EQ(engine.snapshot().boot_id, node.host.boot_id());
  EXPECT_EQ(engine.snapshot().facts.at("arch"), "arm64");
}

TEST(EngineSnapshot, ShowsEveryResourceAndTheNodeItself) {
  FakeNode node;
  node.engine().set_facts({{"arch", "arm64"}});
  node.desire({app()});
  node.settle();
  const auto& snapshot = node.engine().snapshot();
  EXPECT_EQ(snapshot.node, node.identity.uid);
  EXPECT_EQ(snapshot.accepted, node.generation());
  EXPECT_EQ(snapshot.applied, node.generation());
  EXPECT_EQ(snapshot.boot_id, node.host.boot_id());
  EXPECT_EQ(snapshot.facts.at("arch"), "arm64");
  ASSERT_EQ(snapshot.sections.size(), 1U);
  EXPECT_EQ(snapshot.sections[0].accepted, app().digest());
  EXPECT_EQ(snapshot.sections[0].applied, app().digest());
  EXPECT_EQ(snapshot.sections[0].last_good, app().digest());
  EXPECT_EQ(snapshot.sections[0].resources.size(), 2U);
  EXPECT_EQ(snapshot.sections[0].health, Health::kHealthy);
}

TEST(EngineSnapshot, TellsOnlyWhenTheBytesDiffer) {
  FakeNode node;
  int told = 0;
  node.engine().on_changed([&] { ++told; });
  node.desire({app()});
  node.settle();
  EXPECT_GT(told, 0);
  told = 0;
  node.pass(6h);
  EXPECT_EQ(told, 0);
  node.engine().set_facts({{"arch", "arm64"}});
  EXPECT_EQ(told, 1);
  node.engine().set_facts({{"arch", "arm64"}});
  EXPECT_EQ(told, 1);
}

// ---- conditions of the machine ----

std::vector<sync::Condition> disk_pressure(const char* status, const char* reason, const char* message = "") {
  return {{"DiskPressure", status, reason, message}};
}

TEST(EngineConditions, OfTheMachineStandBesideItsOwn) {
  FakeNode node;
  node.engine().set_conditions(disk_pressure("False", "DiskSufficient"));
  const auto conditions = node.engine().snapshot().conditions;
  ASSERT_EQ(conditions.size(), 3U);
  EXPECT_EQ(conditions.at(0).type, "DeletesAllowed");
  EXPECT_EQ(conditions.at(2), (sync::Condition{"DiskPressure", "False", "DiskSufficient", ""}));
  EXPECT_EQ(node.count_events("DiskSufficient"), 0U) << "that all is well is no event";
}

TEST(EngineConditions, AreAnEventWhenTheyBeginAndOneWhenTheyEnd) {
  FakeNode node;
  int told = 0;
  node.engine().on_changed([&] { ++told; });
  node.engine().set_conditions(disk_pressure("False", "DiskSufficient"));
  for (int i = 0; i < 3; ++i) node.engine().set_conditions(disk_pressure("True", "DiskLow", "4 % was free"));
  EXPECT_THAT(node.last_event("DiskPressure"), HasSubstr("4 % was free"));
  EXPECT_EQ(told, 2);
  for (int i = 0; i < 3; ++i) node.engine().set_conditions(disk_pressure("False", "DiskSufficient"));
  EXPECT_THAT(node.last_event("DiskSufficient"), HasSubstr("DiskPressure is over"));
  EXPECT_EQ(told, 3);
  node.engine().set_conditions(disk_pressure("True", "DiskLow", "4 % was free"));
  EXPECT_EQ(node.count_events("DiskPressure"), 2U) << "the same again is news after it was over";
  EXPECT_EQ(node.count_events("DiskSufficient"), 1U);
}

TEST(EngineConditions, ThatAreBadAreSaidByStatusOnTheNode) {
  FakeNode node;
  node.engine().set_conditions({{"DiskPressure", "True", "DiskLow", "4 % was free"},
                                {"MemoryPressure", "False", "MemorySufficient", ""}});
  const auto text = status_text(status_json(node.engine(), node.identity, nullptr));
  EXPECT_THAT(text, HasSubstr("Machine:     DiskPressure: 4 % was free\n"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("MemoryPressure")));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("DeletesAllowed")));
}

TEST(EngineConditions, ThatAreToHoldAndDoNotAreSaidByStatusOnTheNode) {
  FakeNode node;
  node.desire({FakeApp("app").file("a", "/etc/a", "A")});
  node.settle();
  node.kill();
  node.identity.signing_keys = {FakeFleet(2).key().public_key()};
  ASSERT_TRUE(node.boot());
  node.settle();
  const auto text = status_text(status_json(node.engine(), node.identity, nullptr));
  EXPECT_THAT(text, HasSubstr("State:       StateVerified is False: what is stored is signed by no key"));
}

TEST(EngineSnapshot, IsNeverSyncedWhileSomethingIsNot) {
  FakeNode node;
  node.desire({app()});
  EXPECT_NE(node.section("app").sync, SyncStatus::kSynced);
  EXPECT_NE(node.section("app").health, Health::kHealthy);
}

TEST(EngineSnapshot, ItsDigestIsTheOneOfHello) {
  FakeNode node;
  node.desire({app()});
  node.settle();
  EXPECT_EQ(node.engine().hello().snapshot,
            base::Digest::of(sync::encode_snapshot(node.engine().snapshot())));
}

// ---- events ----

TEST(EngineEvents, TellTheStoryOnce) {
  FakeNode node;
  node.desire({app()});
  node.settle();
  EXPECT_EQ(node.count_events("Accepted"), 1U);
  EXPECT_EQ(node.count_events("Applied"), 1U);
  EXPECT_THAT(node.last_event("Applied"), HasSubstr("2 created, 0 updated, 0 adopted, 0 deleted"));
  EXPECT_THAT(node.engine().take_events(), IsEmpty());
}

// ---- why ----

TEST(EngineWhy, NamesCommitFileAndLine) {
  FakeNode node;
  node.desire({app()});
  node.settle();
  const auto why = why_of(node, "File/a");
  ASSERT_TRUE(why.provenance);
  EXPECT_EQ(why.provenance->file, "apps/app/all.yaml");
  EXPECT_EQ(why.provenance->line, 1U);
  EXPECT_EQ(why.provenance->commit.str(), "0123456789012345678901234567890123456789");
  EXPECT_EQ(why.application, "app");
  EXPECT_EQ(why.blocked_by, "");
  EXPECT_EQ(why.next, "kept as it is; drift is repaired when it happens");
}

TEST(EngineWhy, AnUnknownNameSaysWhatThereIs) {
  FakeNode node;
  node.desire({app()});
  node.settle();
  const auto why = node.engine().why("File/nobody");
  ASSERT_FALSE(why);
  EXPECT_EQ(why.error().code(), base::Code::kNotFound);
  EXPECT_THAT(why.error().message(), HasSubstr("it has: File/a, Process/web"));
}

struct Blocked {
  const char* name;
  void (*make)(FakeNode& node);
  const char* brief;
  const char* blocked_by;
  const char* next;
};

class EngineWhyBlocked : public ::testing::TestWithParam<Blocked> {};

TEST_P(EngineWhyBlocked, SaysByWhatAndWhatComesNext) {
  FakeNode node;
  GetParam().make(node);
  const auto why = why_of(node, GetParam().brief);
  EXPECT_THAT(why.blocked_by, HasSubstr(GetParam().blocked_by));
  EXPECT_THAT(why.next, HasSubstr(GetParam().next));
}

void drift_twice(FakeNode& node) {
  node.desire({app()});
  node.settle();
  for (int i = 0; i < 2; ++i) {
    node.host.edit_by_hand("/etc/a", "X");
    node.run();
  }
}

void crash_twice(FakeNode& node) {
  node.desire({app()});
  node.settle();
  for (int i = 0; i < 2; ++i) {
    node.host.kill_by_hand(node.process("web"));
    node.run();
  }
}

void conflict(FakeNode& node) {
  node.desire({FakeApp("a").file("x", "/etc/x", "A"), FakeApp("b").file("y", "/etc/x", "B")});
  node.settle();
}

void hold(FakeNode& node) {
  FakeApp big("app");
  for (int i = 0; i < 15; ++i) big.file("f" + std::to_string(i), "/f/" + std::to_string(i), "x");
  node.desire({big});
  node.settle();
  node.desire({FakeApp("app").file("f0", "/f/0", "x")});
  node.settle();
}

void quarantine(FakeNode& node) {
  node.desire({app()});
  node.settle();
  node.host.set_fault("/bad", base::FileFault::kPermission);
  node.desire({app().file("bad", "/bad/x", "x")});
  node.pass(5min);
}

void retry(FakeNode& node) {
  node.host.set_fault("/etc/a", base::FileFault::kNoSpace);
  node.desire({app()});
  node.settle();
}

void wait_for_a_wave(FakeNode& node) {
  node.host.set_probe("process:default/web#readiness", {.ok = false, .detail = "no"});
  node.desire({FakeApp("app")
                   .process_spec("web", R"({"command":["/w"],"readinessProbe":{"tcpSocket":{"port":1}}})")
                   .file("late", "/late", "x", {.wave = 1, .depends_on = ""})});
  node.settle();
}

INSTANTIATE_TEST_SUITE_P(
    Table, EngineWhyBlocked,
    ::testing::Values(
        Blocked{"ByDriftBackoff", drift_twice, "File/a", "DriftBackoff: content differs", "repaired in 2s"},
        Blocked{"ByCrashLoop", crash_twice, "Process/web", "CrashLoopBackOff", "started again in 10s"},
        Blocked{"ByAConflict", conflict, "File/y", "File/x of application a", ""},
        Blocked{"ByTheHold", hold, "File/f7", "would delete 14 of 15", "holdfast sync app --confirm-prune"},
        Blocked{"ByAQuarantine", quarantine, "File/a", "is quarantined", "holdfast sync app"},
        Blocked{"ByAFullDisk", retry, "File/a", "ApplyFailed", "the next try comes in"},
        Blocked{"ByOneThatCannotBeApplied", retry, "Process/web", "waits for File/a, which cannot be applied",
                ""},
        Blocked{"ByAWave", wait_for_a_wave, "File/late", "waits for wave 0", "goes on being applied"}),
    [](const auto& info) { return info.param.name; });

// ---- plan ----

TEST(EnginePlan, ShowsWhatWouldBeDoneAndDoesNothing) {
  FakeNode node;
  node.desire({app()});
  const auto plan = node.engine().plan_now();
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->actions.size(), 2U);
  EXPECT_EQ(node.host.touched().changes(), 0U);
  node.settle();
  EXPECT_THAT(node.engine().plan_now()->actions, IsEmpty());
  node.host.edit_by_hand("/etc/a", "X");
  const auto drift = node.engine().plan_now();
  ASSERT_EQ(drift->actions.size(), 1U);
  EXPECT_EQ(drift->actions[0].kind, ActionKind::kUpdate);
}

// ---- metrics ----

double metric_of(FakeNode& node, const std::string& name) {
  for (const auto& metric : node.engine().metrics()) {
    if (metric.name == name && !metric.samples.empty()) return metric.samples.front().value;
  }
  return -1;
}

TEST(EngineMetrics, CountWhatWasDone) {
  FakeNode node;
  node.desire({app()});
  node.settle();
  node.host.edit_by_hand("/etc/a", "X");
  node.run();
  EXPECT_EQ(metric_of(node, "holdfast_agent_actions_total"), 2);
  EXPECT_EQ(metric_of(node, "holdfast_agent_drift_healed_total"), 1);
  EXPECT_EQ(metric_of(node, "holdfast_agent_inventory_entries"), 2);
  EXPECT_EQ(metric_of(node, "holdfast_agent_sections"), 1);
  EXPECT_EQ(metric_of(node, "holdfast_agent_desired_states_accepted_total"), 1);
}

TEST(EngineMetrics, TheFirstReconcileCountsFromTheStartOfTheProgram) {
  FakeNode node;
  node.desire({app()});
  node.settle();
  node.kill();
  ASSERT_TRUE(node.boot());
  EXPECT_EQ(metric_of(node, "holdfast_agent_first_reconcile_seconds"), -1) << "before there was one";
  node.engine().started(node.clock.monotonic() - 40ms);
  node.run();
  EXPECT_EQ(metric_of(node, "holdfast_agent_first_reconcile_seconds"), 0.04);
  node.pass(1h);
  EXPECT_EQ(metric_of(node, "holdfast_agent_first_reconcile_seconds"), 0.04);
  EXPECT_GE(metric_of(node, "holdfast_agent_full_passes_total"), 2);
}

TEST(EngineMetrics, APassLastsAsLongAsWhatItRepairs) {
  FakeNode node;
  node.desire({app()});
  node.settle();
  node.kill();
  node.host.edit_by_hand("/etc/a", "X");
  ASSERT_TRUE(node.boot());
  node.host.before_change([&](const std::string&) { node.clock.advance(20ms); });
  node.run();
  EXPECT_EQ(node.content("/etc/a"), "A");
  EXPECT_GE(metric_of(node, "holdfast_agent_full_pass_seconds"), 0.02);
}

}  // namespace
}  // namespace holdfast::edge_agent
