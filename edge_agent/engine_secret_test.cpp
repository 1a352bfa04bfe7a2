// SPDX-License-Identifier: Apache-2.0
// Files whose content is a secret: opened in memory, compared without a trace, and what cannot be opened stops nothing
// else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fake_random.hpp"
#include "edge_agent/fake_node.hpp"
#include "edge_agent/tables.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using sync::SectionPhase;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kFromSecret =
    R"({"path":"/etc/pw","contentFrom":{"secretKeyRef":{"name":"db","key":"password"}}})";

base::SealingPublicKey key_of(const FakeNode& node) { return node.sealing_keys.newest().key.public_key(); }

FakeApp app_with(const base::SealingPublicKey& key, const std::string& value,
                 const std::string& sealed_as = {}) {
  return FakeApp("app").secret("db", key, {{"password", value}}, sealed_as).file_spec("pw", kFromSecret);
}

/// Everything that the node's store holds.
std::string stored(FakeNode& node) {
  std::string out;
  for (const auto& table : kAgentTables) {
    const auto read = node.store.read([&](sync::ReadTxn& txn) {
      return txn.scan(table, "", [&](std::string_view key, std::string_view value) {
        out.append(key).append(value);
        return true;
      });
    });
    EXPECT_TRUE(read);
  }
  return out;
}

TEST(EngineSecret, ReachesTheFileThatRefersToItForItsOwnerAlone) {
  FakeNode node;
  node.desire({app_with(key_of(node), "hunter2")});
  node.settle();
  EXPECT_EQ(node.content("/etc/pw"), "hunter2");
  EXPECT_EQ(node.host.stat("/etc/pw")->mode, 0600U);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_EQ(node.resource("Secret/db").sync, sync::SyncStatus::kSynced);
}

TEST(EngineSecret, IsNotInTheStoreAndNothingToGuessItBy) {
  FakeNode node;
  node.desire({app_with(key_of(node), "hunter2")});
  node.settle();
  const auto all = stored(node);
  EXPECT_EQ(all.find("hunter2"), std::string::npos);
  EXPECT_EQ(all.find(base::to_base64("hunter2")), std::string::npos);
  const auto digest = base::Digest::of("hunter2");
  EXPECT_EQ(all.find(digest.hex()), std::string::npos);
  EXPECT_EQ(all.find(digest.view()), std::string::npos);
  for (const auto& event : node.events()) EXPECT_EQ(event.message.find("hunter2"), std::string::npos);
}

TEST(EngineSecret, SealedAnewWithTheSameContentTouchesNothing) {
  FakeNode node;
  node.desire({app_with(key_of(node), "hunter2")});
  node.pass(5min);
  node.forget_touched();
  node.desire({app_with(key_of(node), "hunter2")});
  node.settle();
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  EXPECT_THAT(node.host.changes(), IsEmpty());
  EXPECT_EQ(node.section("app").applied, node.section("app").accepted);
}

TEST(EngineSecret, AChangedOneIsWrittenAndDriftIsHealed) {
  FakeNode node;
  node.desire({app_with(key_of(node), "one")});
  node.settle();
  node.desire({app_with(key_of(node), "two")});
  node.settle();
  EXPECT_EQ(node.content("/etc/pw"), "two");
  node.host.edit_by_hand("/etc/pw", "by hand");
  node.settle();
  EXPECT_EQ(node.content("/etc/pw"), "two");
}

TEST(EngineSecret, ARestartedAgentFindsItAsItShouldBe) {
  FakeNode node;
  node.desire({app_with(key_of(node), "hunter2")});
  node.pass(5min);
  node.forget_touched();
  ASSERT_TRUE(node.restart());
  node.settle();
  EXPECT_THAT(node.host.changes(), IsEmpty());
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST(EngineSecret, WhatIsSealedToAnOldKeyStaysReadable) {
  FakeNode node;
  const auto old = key_of(node);
  node.desire({app_with(old, "hunter2")});
  node.settle();
  base::FakeRandom random(99);
  node.sealing_keys.add(base::SealingKey::generate(random), node.clock.wall());
  ASSERT_TRUE(node.restart());
  EXPECT_EQ(node.engine().hello().sealing, key_of(node).id());
  EXPECT_THAT(node.engine().sealing_keys_needed(), ElementsAre(old.id()));
  node.host.edit_by_hand("/etc/pw", "by hand");
  node.settle();
  EXPECT_EQ(node.content("/etc/pw"), "hunter2") << "opened with the old key";
  node.desire({app_with(key_of(node), "hunter2")});
  node.pass(1h);
  EXPECT_EQ(node.content("/etc/pw"), "hunter2");
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

class EngineUnreadableSecret : public testing::Test {
 protected:
  /// A section with a secret that cannot be opened beside a file that has nothing to do with it.
  void desire(const FakeApp& app) {
    node.desire({FakeApp("other").file("b", "/etc/b", "x"), FakeApp(app).file("a", "/etc/a", "x")});
    node.settle();
  }
  FakeNode node;
};

TEST_F(EngineUnreadableSecret, OfAnotherPlaceFailsItsFileAndNothingElse) {
  desire(app_with(key_of(node), "hunter2", "another-name"));
  EXPECT_FALSE(node.content("/etc/pw"));
  EXPECT_EQ(node.content("/etc/a"), "x");
  EXPECT_EQ(node.content("/etc/b"), "x");
  EXPECT_THAT(node.resource("File/pw").message,
              HasSubstr("key \"password\" of Secret/db cannot be opened: it was sealed for another place"));
}

TEST_F(EngineUnreadableSecret, OfAKeyThatIsLostSaysWhatHappensNext) {
  base::FakeRandom random(99);
  const auto lost = base::SealingKey::generate(random).public_key();
  desire(app_with(lost, "hunter2"));
  EXPECT_EQ(node.content("/etc/a"), "x");
  EXPECT_THAT(node.resource("File/pw").message, HasSubstr("sealed to key " + lost.id().hex()));
  desire(app_with(key_of(node), "hunter2"));
  EXPECT_EQ(node.content("/etc/pw"), "hunter2") << "sealed anew it is read";
}

TEST_F(EngineUnreadableSecret, LeavesAFileThatIsThereAsItIs) {
  desire(app_with(key_of(node), "good"));
  desire(app_with(key_of(node), "bad", "another-name"));
  EXPECT_EQ(node.content("/etc/pw"), "good");
}

}  // namespace
}  // namespace holdfast::edge_agent
