// SPDX-License-Identifier: Apache-2.0
// `unenroll --prune`: what the inventory says that this agent made goes, and nothing else.
#include "edge_agent/pruning.hpp"

#include <gtest/gtest.h>

#include "edge_agent/fake_node.hpp"

namespace holdfast::edge_agent {
namespace {

struct Leaving {
  explicit Leaving(FakeNode& left) : node(left), marks(left.identity.uid, left.identity.mark_key) {
    node.kill();
    EXPECT_TRUE(store.load());
  }
  Pruned prune(int waits = 100) {
    return prune_all(store, drivers, [this, waits]() mutable {
      node.clock.advance(std::chrono::seconds{1});
      node.host.deliver();
      return waits-- > 0;
    });
  }
  FakeNode& node;
  RestartBook restarts;
  Marks marks;
  StateStore store{node.store, restarts};
  SecretOpener secrets;
  Drivers drivers{{node.host, node.clock, marks, restarts, secrets, [](const sync::Claim&) {}}};
};

TEST(Pruning, DeletesWhatTheAgentMadeAndNothingElse) {
  FakeNode node;
  node.host.edit_by_hand("/etc/hosts", "foreign");
  node.desire({FakeApp("a").file("a", "/etc/a", "A").process("web", {"/bin/web"}),
               FakeApp("b").file("b", "/etc/b", "B")});
  node.settle();
  ASSERT_TRUE(node.runs("web"));
  Leaving leaving(node);
  const auto pruned = leaving.prune();
  EXPECT_EQ(pruned.deleted, 3U);
  EXPECT_TRUE(pruned.failed.empty()) << pruned.failed.front();
  EXPECT_FALSE(node.content("/etc/a") || node.content("/etc/b"));
  EXPECT_FALSE(node.runs("web"));
  EXPECT_EQ(node.content("/etc/hosts"), "foreign");
  EXPECT_TRUE(leaving.store.inventory().empty());
}

TEST(Pruning, KeepsWhatIsNotItsOwnAnyMore) {
  FakeNode node;
  node.host.edit_by_hand("/etc/was-there", "same");
  node.desire({FakeApp("a").file("a", "/etc/a", "A").file("was-there", "/etc/was-there", "same")});
  node.settle();
  ASSERT_EQ(node.content("/etc/was-there"), "same");
  const auto pruned = Leaving(node).prune();
  EXPECT_EQ(pruned.deleted, 1U);
  ASSERT_EQ(pruned.left.size(), 1U);
  EXPECT_NE(pruned.left[0].find("/etc/was-there"), std::string::npos);
  EXPECT_EQ(node.content("/etc/was-there"), "same");
}

TEST(Pruning, NamesWhatCouldNotBeDeletedAndKeepsItInTheInventory) {
  FakeNode node;
  node.desire({FakeApp("a").process("web", {"/bin/web"})});
  node.settle();
  Leaving leaving(node);
  const auto pruned = leaving.prune(0);
  ASSERT_EQ(pruned.failed.size(), 1U);
  EXPECT_NE(pruned.failed[0].find("Process/web"), std::string::npos);
  EXPECT_EQ(leaving.store.inventory().size(), 1U);
}

}  // namespace
}  // namespace holdfast::edge_agent
