// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/trust_keeper.hpp"

#include <gmock/gmock.h>
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
using ::testing::HasSubstr;
using ::testing::StartsWith;

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
    keeper_->load();
    ASSERT_EQ(keeper_->trouble(), "");
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
  again.load();
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
  again.load();
  EXPECT_EQ(again.document().version, 7U);
  EXPECT_FALSE(std::filesystem::exists(path));
  ASSERT_TRUE(base::write_file(path, "not one", 0600));
  again.load();
  EXPECT_EQ(again.document().version, 7U) << "the agent starts all the same";
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(TrustKeeperTest, WithoutOneThatCanBeBelievedItSaysWhyAndBelievesNobody) {
  const auto path = DataFolder(root_).trust_file();
  document_.version = 9;
  const auto other = base::SigningKey::generate(random_);
  for (const auto& bad :
       {std::string("{}"), std::string(), sync::encode_trust(sync::sign_trust(document_, other))}) {
    ASSERT_TRUE(base::write_file(path, bad, 0600));
    TrustKeeper keeper{DataFolder(root_), node_};
    keeper.load();
    EXPECT_THAT(keeper.trouble(), StartsWith(path + ": ")) << bad;
    EXPECT_THAT(keeper.trouble(), HasSubstr("`holdfast-agent trust FILE --data " + root_ + "`"));
    EXPECT_EQ(keeper.document(), sync::TrustDocument{});
  }
  std::filesystem::remove(path);
  TrustKeeper keeper{DataFolder(root_), node_};
  keeper.load();
  EXPECT_THAT(keeper.trouble(), HasSubstr("cannot open '" + path + "'"));
}

TEST_F(TrustKeeperTest, OneThatAPersonLeftTakesThePlaceOfWhatCannotBeBelieved) {
  const auto path = DataFolder(root_).trust_file();
  ASSERT_TRUE(base::write_file(path, "{}", 0600));
  ASSERT_TRUE(base::write_file(DataFolder(root_).offered_trust_file(), encoded(), 0600));
  TrustKeeper again{DataFolder(root_), node_};
  again.load();
  EXPECT_EQ(again.trouble(), "");
  EXPECT_EQ(again.document(), document_);
  EXPECT_TRUE(DataFolder(root_).load_trust(node_));
}

TEST_F(TrustKeeperTest, AFileThatIsPutBackIsFoundAndTold) {
  ASSERT_TRUE(base::write_file(DataFolder(root_).trust_file(), "{}", 0600));
  TrustKeeper again{DataFolder(root_), node_};
  again.load();
  again.on_taken([this] { ++taken_; });
  again.read_again();
  EXPECT_EQ(taken_, 0);
  ASSERT_TRUE(base::write_file(DataFolder(root_).trust_file(), encoded(), 0600));
  again.read_again();
  again.read_again();
  EXPECT_EQ(taken_, 1);
  EXPECT_EQ(again.document(), document_);
}

TEST_F(TrustKeeperTest, AFileThatIsLostWhileItRunsIsStoredAnewAndAnOlderOneIsNot) {
  const DataFolder folder(root_);
  const auto give = [&](std::uint64_t version) {
    document_.version = version;
    EXPECT_TRUE(base::write_file(folder.offered_trust_file(), encoded(), 0600));
    return *keeper_->take_offered();
  };
  std::filesystem::remove(folder.trust_file());
  EXPECT_FALSE(give(3));
  EXPECT_FALSE(folder.load_trust(node_));
  EXPECT_TRUE(give(4));
  EXPECT_TRUE(folder.load_trust(node_));
  EXPECT_EQ(taken_, 0) << "it is what was in force";
}

TEST(BelievedTime, IsWhatTheRecoveryKeyAttestedWhereTheClockIsBehind) {
  const base::WallTime made{std::chrono::hours(24 * 365 * 50)};
  const auto issued = made + std::chrono::hours(24 * 500);
  EXPECT_EQ(believed_time(base::WallTime{}, made, issued), issued) << "1970, and 500 days away";
  EXPECT_EQ(believed_time(issued + 1h, made, issued), issued + 1h);
}

}  // namespace
}  // namespace holdfast::edge_agent
