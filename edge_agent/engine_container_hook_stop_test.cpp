// SPDX-License-Identifier: Apache-2.0
// A hook in a container that still runs when its attempt has failed: it is stopped while the next try is waited for, whatever the engine
// does meanwhile, and what else stays for a reason goes on saying so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge_agent/fake_hooks.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using base::ContainerName;
using sync::SectionPhase;
using ::testing::HasSubstr;

constexpr const char* kImage = "registry.example.com/migrate:1";
const ContainerName kMigrate{"hf.default.migrate.app"};

/// A Pod and a Process as hooks of one wave; the process fails after five seconds, and the next try comes two minutes later.
FakeApp failing(const std::string& version, const std::string& container_members) {
  FakeApp out = versioned(version)
                    .process_spec("check", once("check"), hook("PreSync"))
                    .pod("migrate",
                         std::string(R"({"restartPolicy":"Never","containers":[{"name":"app","image":")") +
                             kImage + "\"" + container_members + "}]}",
                         hook("PreSync"));
  out.policy.retry.delay = 2min;
  out.policy.retry.delay_max = 2min;
  return out;
}

class EngineContainerHookStop : public ::testing::Test {
 protected:
  EngineContainerHookStop() {
    node.have_image(kImage);
    node.ends("check", 1, 5s);
  }
  bool migrate_runs() const { return node.containers.running().contains(kMigrate.str()); }
  void fails() {
    node.pass(4s);
    ASSERT_TRUE(migrate_runs());
    node.pass(2s);
    ASSERT_EQ(node.section("app").phase, SectionPhase::kRetrying);
  }
  HookNode node;
};

TEST_F(EngineContainerHookStop, TakesEveryStepBeforeTheNextTry) {
  node.containers.set_exec("/bin/last-word", {.after = 3s});
  node.desire({failing("1", R"(,"lifecycle":{"preStop":{"exec":{"command":["/bin/last-word"]}}})")});
  fails();
  node.pass(10s);
  EXPECT_FALSE(migrate_runs()) << "its last word was spoken";
  EXPECT_EQ(node.containers.container(kMigrate), nullptr);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kRetrying);
}

TEST_F(EngineContainerHookStop, IsTriedAgainWhereTheEngineWouldNot) {
  node.desire({failing("1", "")});
  node.containers.set_failure(base::EngineCall::kStop, base::Error(base::Code::kIo, "not now"));
  fails();
  node.pass(25s);
  ASSERT_TRUE(migrate_runs());
  node.containers.set_failure(base::EngineCall::kStop, std::nullopt);
  node.pass(30s);
  EXPECT_FALSE(migrate_runs());
  EXPECT_EQ(node.section("app").phase, SectionPhase::kRetrying) << "long before the next try";
}

/// What it has come to is not known for a moment, and nobody asks for it by itself.
TEST_F(EngineContainerHookStop, IsNotForgottenWhereTheEngineWasAwayMeanwhile) {
  node.desire({failing("1", "")});
  node.containers.set_failure(base::EngineCall::kStop, base::Error(base::Code::kIo, "not now"));
  fails();
  node.containers.set_gone(true);
  node.pass(20s);
  node.containers.set_failure(base::EngineCall::kStop, std::nullopt);
  node.containers.set_gone(false);
  node.pass(60s);
  EXPECT_FALSE(migrate_runs());
  EXPECT_EQ(node.section("app").phase, SectionPhase::kRetrying) << "long before the next try";
}

TEST_F(EngineContainerHookStop, HidesNothingThatStaysForAReason) {
  FakeMeta kept;
  kept.prune_disabled = true;
  node.desire({versioned("1").file("old", "/etc/old", "x", kept)});
  node.settle();
  node.containers.set_exec("/bin/last-word", {.after = 3s});
  node.desire({failing("2", R"(,"lifecycle":{"preStop":{"exec":{"command":["/bin/last-word"]}}})")});
  fails();
  const auto why = node.engine().why("File/old");
  ASSERT_TRUE(why) << why.error().message();
  EXPECT_THAT(why->front().blocked_by, HasSubstr("prune: disabled"));
}

}  // namespace
}  // namespace holdfast::edge_agent
