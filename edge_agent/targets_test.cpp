// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/targets.hpp"

#include <gtest/gtest.h>

#include "base/fake_clock.hpp"
#include "base/fake_host.hpp"
#include "edge_agent/fake_fleet.hpp"
#include "edge_agent/tables.hpp"
#include "sync/store/fake_store.hpp"

namespace holdfast::edge_agent {
namespace {

const std::string kLacking =
    R"({"path":"/etc/f","contentFrom":{"configMapKeyRef":{"name":"nobody","key":"motd"}}})";

class TargetsTest : public ::testing::Test {
 protected:
  base::FakeClock clock;
  base::FakeHost host{clock};
  Marks marks{sync::NodeUid("node"), base::MacKey{}};
  RestartBook restarts;
  SecretOpener secrets;
  Drivers drivers{{host, clock, marks, restarts, secrets, [](const sync::Claim&) {}}};
  sync::FakeStore fake{{kAgentTables.begin(), kAgentTables.end()}};
  StateStore store{fake, restarts};
  Targets targets{store, drivers};
};

TEST_F(TargetsTest, WhatWasThereAndCannotBeLoadedIsReadOnce) {
  const auto was = FakeApp("app").file("a", "/etc/a", "A").file_spec("f", kLacking);
  const auto next = FakeApp("app").file("a", "/etc/a", "B");
  Changes changes;
  changes.bodies = {was.body(), next.body()};
  SectionRecord record;
  record.accepted = next.ref();
  record.applied = was.digest();
  changes.sections[next.uid()] = record;
  ASSERT_TRUE(store.commit(changes));
  targets.follow(next.uid());
  ASSERT_NE(targets.find(next.uid()), nullptr);
  ASSERT_EQ(targets.outgoing(next.uid()), nullptr);
  // Whoever read it again would find it damaged now.
  fake.damage(kBodyTable, was.digest().view());
  targets.follow(next.uid());
  EXPECT_TRUE(store.has_body(was.digest())) << "it was not read again";
  targets.forget_errors();
  targets.follow(next.uid());
  EXPECT_FALSE(store.has_body(was.digest())) << "when all is looked at again it is";
}

}  // namespace
}  // namespace holdfast::edge_agent
