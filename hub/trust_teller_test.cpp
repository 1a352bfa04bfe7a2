// SPDX-License-Identifier: Apache-2.0
#include "hub/trust_teller.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "hub/fake_fleet.hpp"
#include "hub/json_path.hpp"
#include "hub/tables.hpp"

namespace holdfast::hub {
namespace {

using namespace std::chrono_literals;

class TrustTellerTest : public testing::Test {
 protected:
  TrustTellerTest() {
    fleet.commit({{"apps/motd/motd.yaml", file_yaml("motd", "/etc/motd", "one")}});
    fleet.add_node("cam-1");
    fleet.apply({.name = "motd", .path = "apps/motd"});
    fleet.settle();
    node().on_trust = [this] { ++told; };
  }
  FakeNode& node() { return fleet.node("cam-1"); }
  void change_trust() {
    fleet.stop_hub();
    fleet.options.trust_version = 2;
    fleet.options.trust = {sync::FrameType::kTrust, "what the recovery key signed"};
    fleet.start_hub();
  }
  void says(std::uint64_t version, bool beacon = false) {
    node().trust = version;
    node().say_hello(beacon);
    fleet.run_for(1min);
  }
  std::string behind() { return fleet.node_condition("cam-1", "TrustBehind"); }

  int told = 0;

  FakeFleet fleet;
};

TEST_F(TrustTellerTest, IsToldToWhoStayedConnectedWhenTheHubStarts) {
  says(1);
  change_trust();
  fleet.run_for(1s);
  EXPECT_NE(behind().find("holds trust document 1"), std::string::npos) << "known from before: " << behind();
  fleet.run_for(10s);
  EXPECT_EQ(told, 1) << "it says nothing of its own for a quarter of an hour";
  says(2, true);
  EXPECT_EQ(behind(), "");
  fleet.restart_hub();
  fleet.run_for(1min);
  EXPECT_EQ(told, 1);
}

TEST_F(TrustTellerTest, IsNotToldToWhoSaysInTimeThatItHoldsIt) {
  says(1);
  change_trust();
  says(2);
  EXPECT_EQ(told, 0);
}

TEST_F(TrustTellerTest, IsToldAgainWhereTheHubsOwnLinkWasLostMeanwhile) {
  says(1);
  change_trust();
  fleet.run_for(10s);
  fleet.broker.partition("holdfast-hub");
  fleet.run_for(5min);
  fleet.broker.heal("holdfast-hub");
  fleet.run_for(1min);
  EXPECT_EQ(told, 2);
}

TEST_F(TrustTellerTest, IsToldToWhoNeverSaidWhatItHoldsAndIsCountedAsBehind) {
  const auto uid = text_at(*fleet.object(std::string(kNodes), "cam-1"), "spec/uid");
  fleet.stop_hub();
  ASSERT_TRUE(fleet.store.write([&uid](sync::WriteTxn& txn) { return txn.erase(kSessionTable, uid); }));
  fleet.start_hub();
  change_trust();
  fleet.run_for(1min);
  EXPECT_GE(told, 1);
  EXPECT_NE(behind().find("has not said"), std::string::npos) << behind();
}

TEST_F(TrustTellerTest, IsToldToANodeOfTheFirstVersionWhenItComesAndNotAtEachBeacon) {
  change_trust();
  says(0);
  const int before = told;
  says(0, true);
  fleet.restart_hub();
  fleet.run_for(1min);
  EXPECT_EQ(told, before);
  EXPECT_NE(behind(), "");
}

TEST_F(TrustTellerTest, IsNothingToANodeThatIsCutOff) {
  says(1);
  change_trust();
  ASSERT_TRUE(fleet.objects->patch(kNodes, "cam-1", {{"spec", {{"revoked", true}}}}, Actor::kPerson));
  fleet.settle();
  EXPECT_EQ(behind(), "");
}

TEST_F(TrustTellerTest, ANodeThatBelievesALaterTrustDocumentThanThisHubHasIsToldOf) {
  node().say_hello();
  fleet.settle();
  EXPECT_FALSE(fleet.has_event("TrustAhead"));
  node().trust = 1;
  node().say_hello();
  fleet.settle();
  EXPECT_TRUE(fleet.has_event("TrustAhead"));
}

}  // namespace
}  // namespace holdfast::hub
