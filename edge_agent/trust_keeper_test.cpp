// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/trust_keeper.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/fake_clock.hpp"
#include "base/fake_random.hpp"
#include "base/file_io.hpp"
#include "edge_agent/renewal.hpp"
#include "sync/link/fake_pki.hpp"

namespace holdfast::edge_agent {
namespace {

using base::Code;
using namespace std::chrono_literals;

class TrustKeeperTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/hf-trust-XXXXXX";
    root_ = mkdtemp(name);
    node_.fleet = sync::FleetId("fleet-1");
    node_.recovery_key = recovery_.public_key();
    document_.fleet = node_.fleet;
    document_.version = 4;
    document_.ca_bundle = pki_.ca().pem();
    document_.signing_keys = {recovery_.public_key()};
    document_.hubs = {"https://hub:8443"};
    document_.brokers = {"mqtts://hub:8883"};
    ASSERT_TRUE(base::write_file(DataFolder(root_).trust_file(), encoded(), 0600));
    keeper_.emplace(DataFolder(root_), node_);
    ASSERT_TRUE(keeper_->load());
    keeper_->on_taken([this] { ++taken_; });
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::string encoded() const { return sync::encode_trust(sync::sign_trust(document_, recovery_)); }
  base::Result<bool> take(std::uint64_t version) {
    document_.version = version;
    return keeper_->take(encoded());
  }

  std::string root_;
  base::FakeRandom random_{3};
  base::SigningKey recovery_ = base::SigningKey::generate(random_);
  sync::FakePki pki_{base::FakeClock().wall()};
  NodeFile node_;
  sync::TrustDocument document_;
  std::optional<TrustKeeper> keeper_;
  int taken_ = 0;
};

TEST_F(TrustKeeperTest, TakesAHigherVersionAndFindsItAgain) {
  document_.hubs = {"https://elsewhere:1"};
  EXPECT_TRUE(*take(5));
  EXPECT_EQ(keeper_->document(), document_);
  EXPECT_EQ(taken_, 1);
  TrustKeeper again{DataFolder(root_), node_};
  ASSERT_TRUE(again.load());
  EXPECT_EQ(again.document(), document_);
}

TEST_F(TrustKeeperTest, AnOlderOrEqualOneChangesNothing) {
  const auto held = keeper_->document();
  for (const std::uint64_t version : {0U, 3U, 4U}) EXPECT_FALSE(*take(version));
  EXPECT_EQ(keeper_->document(), held);
  EXPECT_EQ(taken_, 0);
}

TEST_F(TrustKeeperTest, OneOfAnotherKeyOrFleetIsRefused) {
  document_.version = 9;
  const auto other = base::SigningKey::generate(random_);
  EXPECT_EQ(keeper_->take(sync::encode_trust(sync::sign_trust(document_, other))).error().code(),
            Code::kPermission);
  document_.fleet = sync::FleetId("fleet-2");
  EXPECT_EQ(take(9).error().code(), Code::kPermission);
  EXPECT_EQ(keeper_->document().version, 4U);
}

TEST_F(TrustKeeperTest, OneThatWouldLeaveNobodyToBelieveIsRefused) {
  const auto whole = document_;
  document_.hubs.clear();
  EXPECT_FALSE(take(9));
  document_ = whole;
  document_.ca_bundle = "no PEM";
  EXPECT_FALSE(take(9));
  document_ = whole;
  document_.brokers = {"mqtts://hub:port"};
  EXPECT_FALSE(take(9));
  EXPECT_EQ(keeper_->document(), whole);
}

TEST_F(TrustKeeperTest, OneThatAPersonLeftIsTakenAtTheStartAndGone) {
  document_.version = 7;
  const auto path = DataFolder(root_).offered_trust_file();
  ASSERT_TRUE(base::write_file(path, encoded(), 0600));
  TrustKeeper again{DataFolder(root_), node_};
  ASSERT_TRUE(again.load());
  EXPECT_EQ(again.document().version, 7U);
  EXPECT_FALSE(std::filesystem::exists(path));
  ASSERT_TRUE(base::write_file(path, "not one", 0600));
  EXPECT_TRUE(again.load()) << "the agent starts all the same";
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(BelievedTime, IsWhatTheRecoveryKeyAttestedWhereTheClockIsBehind) {
  const base::WallTime made{std::chrono::hours(24 * 365 * 50)};
  const auto issued = made + std::chrono::hours(24 * 500);
  EXPECT_EQ(believed_time(base::WallTime{}, made, issued), issued) << "1970, and 500 days away";
  EXPECT_EQ(believed_time(issued + 1h, made, issued), issued + 1h);
}

}  // namespace
}  // namespace holdfast::edge_agent
