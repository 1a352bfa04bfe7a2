// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/state_store.hpp"

#include <gtest/gtest.h>

#include "edge_agent/fake_fleet.hpp"
#include "edge_agent/state_records.hpp"
#include "edge_agent/tables.hpp"
#include "sync/store/fake_store.hpp"

namespace holdfast::edge_agent {
namespace {

const FakeApp kApp = FakeApp("app").file("a", "/etc/a", "A");

sync::InventoryEntry entry_at(const std::string& path) {
  return {.claim = path_claim(path),
          .key = {.group = "holdfast.dev", .kind = "File", .ns = "default", .name = "a"},
          .application = kApp.uid(),
          .made_by = kApp.digest(),
          .effective = base::Digest::of("e"),
          .phase = sync::InventoryPhase::kApplied,
          .prune_disabled = false,
          .adopted = false};
}

SectionRecord record_of(const FakeApp& app) {
  SectionRecord record;
  record.accepted = app.ref();
  return record;
}

class StateStoreTest : public ::testing::Test {
 protected:
  Changes everything() const {
    Changes changes;
    changes.header = sync::SignedHeader{.bytes = "header", .signature = {}};
    changes.applied =
        AppliedState{.generation = {1, 2}, .content = base::Digest::of("c"), .header = base::Digest::of("h")};
    changes.deletes_forbidden = true;
    changes.sections[kApp.uid()] = record_of(kApp);
    changes.inventory[path_claim("/etc/a")] = entry_at("/etc/a");
    changes.bodies = {kApp.body()};
    return changes;
  }
  sync::FakeStore fake{{kAgentTables.begin(), kAgentTables.end()}};
  RestartBook restarts;
};

TEST_F(StateStoreTest, EverythingComesBack) {
  StateStore store(fake, restarts);
  Changes changes = everything();
  restarts.add(process_claim("web"));
  ASSERT_TRUE(store.commit(changes));
  EXPECT_TRUE(changes.empty());
  EXPECT_EQ(fake.commits(), 1U);

  RestartBook again_restarts;
  StateStore again(fake, again_restarts);
  ASSERT_TRUE(again.load());
  EXPECT_EQ(again.header()->bytes, "header");
  EXPECT_EQ(again.applied(), store.applied());
  EXPECT_TRUE(again.deletes_forbidden());
  EXPECT_EQ(again.sections(), store.sections());
  EXPECT_EQ(again.inventory(), store.inventory());
  EXPECT_TRUE(again.has_body(kApp.digest()));
  EXPECT_EQ(*again.body(kApp.digest()), kApp.bytes());
  EXPECT_EQ(again.provenance(kApp.digest())->size(), 1U);
  EXPECT_EQ(again_restarts.count(process_claim("web")), 1U);
}

TEST_F(StateStoreTest, WhatIsThereAlreadyIsNotWritten) {
  StateStore store(fake, restarts);
  Changes changes = everything();
  ASSERT_TRUE(store.commit(changes));
  Changes same;
  same.sections[kApp.uid()] = record_of(kApp);
  same.inventory[path_claim("/etc/a")] = entry_at("/etc/a");
  same.inventory[path_claim("/etc/never")] = std::nullopt;
  same.deletes_forbidden = true;
  ASSERT_TRUE(store.commit(same));
  EXPECT_EQ(fake.commits(), 1U);
}

TEST_F(StateStoreTest, AFailedCommitLeavesMemoryAsItWas) {
  StateStore store(fake, restarts);
  fake.set_read_only(true);
  Changes changes = everything();
  const auto stored = store.commit(changes);
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().code(), base::Code::kNoSpace);
  EXPECT_TRUE(store.sections().empty());
  EXPECT_TRUE(store.inventory().empty());
  EXPECT_FALSE(store.has_body(kApp.digest()));
}

TEST_F(StateStoreTest, ANewProvenanceOfTheSameSectionReplacesTheOld) {
  StateStore store(fake, restarts);
  Changes changes = everything();
  ASSERT_TRUE(store.commit(changes));
  FakeApp moved = kApp;
  moved.revision("9999999999999999999999999999999999999999");
  changes.bodies = {moved.body()};
  ASSERT_TRUE(store.commit(changes));
  EXPECT_EQ(store.provenance(kApp.digest())->front().commit.str(),
            "9999999999999999999999999999999999999999");
}

TEST_F(StateStoreTest, LongPathsHaveKeysOfTheirOwn) {
  const std::string deep = "/" + std::string(200, 'a') + "/" + std::string(200, 'b');
  const auto a = path_claim(deep + "/x");
  const auto b = path_claim(deep + "/y");
  EXPECT_NE(claim_key(a), claim_key(b));
  EXPECT_LE(claim_key(a).size(), 400U);
  EXPECT_EQ(claim_key(path_claim("/etc/a")), "path:/etc/a");
}

TEST_F(StateStoreTest, ABodyThatWasFoundDamagedIsStoredAgainAlsoWithoutProvenance) {
  StateStore store(fake, restarts);
  Changes changes = everything();
  ASSERT_TRUE(store.commit(changes));
  fake.damage(kBodyTable, std::string(kApp.digest().view()));
  EXPECT_EQ(store.body(kApp.digest()).error().code(), base::Code::kCorrupt);
  EXPECT_FALSE(store.has_body(kApp.digest()));
  changes.bodies = {kApp.body()};
  changes.bodies.front().provenance.clear();
  ASSERT_TRUE(store.commit(changes));
  EXPECT_TRUE(store.has_body(kApp.digest()));
  EXPECT_EQ(*store.body(kApp.digest()), kApp.bytes());
}

TEST_F(StateStoreTest, ARecordThatSaysNothingIsCorruption) {
  ASSERT_TRUE(sync::write_one(fake, kInventoryTable, "path:/etc/a", "{}"));
  StateStore store(fake, restarts);
  const auto loaded = store.load();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code(), base::Code::kCorrupt);
}

TEST_F(StateStoreTest, OfAJobThatIsLetGoNothingIsKnownAnyMore) {
  const sync::ResourceKey key{.group = "batch", .kind = "Job", .ns = "default", .name = "migrate"};
  const auto entry_of = [&](const std::string& container) {
    auto entry = entry_at("/");
    entry.claim = {sync::ClaimKind::kContainer, "hf.default.migrate." + container};
    entry.key = key;
    return entry;
  };
  StateStore store(fake, restarts);
  store.jobs().put(key, {}, {});
  Changes changes;
  for (const auto* name : {"old", "new"}) changes.inventory[entry_of(name).claim] = entry_of(name);
  ASSERT_TRUE(store.commit(changes));
  changes.inventory[entry_of("old").claim] = std::nullopt;
  ASSERT_TRUE(store.commit(changes));
  EXPECT_NE(store.jobs().find(key), nullptr) << "under the name of its new container it is wanted still";
  changes.inventory[entry_of("new").claim] = std::nullopt;
  ASSERT_TRUE(store.commit(changes));
  EXPECT_EQ(store.jobs().find(key), nullptr);
  const auto stored = sync::read_one(fake, kJobTable, key.text());
  ASSERT_TRUE(stored);
  EXPECT_FALSE(*stored);
}

}  // namespace
}  // namespace holdfast::edge_agent
