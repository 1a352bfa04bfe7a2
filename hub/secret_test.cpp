// SPDX-License-Identifier: Apache-2.0
// A SealedSecret from a commit to the nodes: each gets what it alone can open, nothing is sent twice, and who may not
// have it is told why.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/fake_random.hpp"
#include "gitops/sealed_secret.hpp"
#include "hub/fake_fleet.hpp"
#include "hub/json_path.hpp"
#include "hub/tables.hpp"
#include "sync/model/secret.hpp"

namespace holdfast::hub {
namespace {

using base::Json;
using testing::HasSubstr;
using testing::Not;

base::SealingKey key_of_seed(std::uint64_t seed) {
  base::FakeRandom random(seed);
  return base::SealingKey::generate(random);
}

std::string file_from_secret() {
  return R"({"apiVersion":"holdfast.dev/v1","kind":"File","metadata":{"name":"pw"},"spec":{"path":"/etc/pw",)"
         R"("contentFrom":{"secretKeyRef":{"name":"db","key":"password"}}}})";
}

class SecretTest : public testing::Test {
 protected:
  SecretTest() {
    add("cam-1", 101);
    add("cam-2", 102);
    fleet.commit({{"apps/db/db.json", sealed("hunter2")}, {"apps/db/pw.json", file_from_secret()}});
  }

  FakeNode& add(const std::string& name, std::uint64_t seed) {
    auto& node = fleet.add_node(name, {{"role", "camera"}}, {{"arch", "arm64"}});
    node.abilities.emplace_back("secret/1");
    node.sealing = key_of_seed(seed);
    node.disconnect();
    node.connect();
    return node;
  }

  std::string sealed(const std::string& value, const std::string& name = "db") const {
    return sealed_to(fleet.hub_sealing_key(), value, name);
  }
  static std::string sealed_to(const base::SealingPublicKey& key, const std::string& value,
                               const std::string& name = "db") {
    const Json secret{{"apiVersion", "v1"},
                      {"kind", "Secret"},
                      {"metadata", {{"name", name}}},
                      {"stringData", {{"password", value}}}};
    return gitops::sealed_secret(*gitops::parse_plain_secret(secret), key).dump();
  }

  void apply(const std::string& selector = "") {
    fleet.apply({.name = "db", .path = "apps/db", .selector = selector});
    fleet.settle();
  }

  /// What the node can make of what it was sent; empty: it holds nothing.
  std::string opened(const std::string& name) {
    auto& node = fleet.node(name);
    const auto section = sync::decode_section(node.body_of("db"));
    if (!section) return "";
    for (const auto& resource : section->resources) {
      if (!sync::is_secret(resource.key)) continue;
      const auto secret = sync::parse_secret(*base::parse_json(resource.body));
      EXPECT_EQ(secret->key, node.sealing->public_key().id());
      const auto value =
          node.sealing->open(sync::bound_to("default", "db", "password"), secret->data.at("password"));
      return value ? std::string(value->view()) : value.error().message();
    }
    return "";
  }

  std::string stored() const {
    std::string out;
    for (const auto& table : kHubTables) {
      EXPECT_TRUE(fleet.store.read([&](sync::ReadTxn& txn) {
        return txn.scan(table, "", [&](std::string_view key, std::string_view value) {
          out.append(key).append(value);
          return true;
        });
      }));
    }
    return out;
  }

  std::string placing(const std::string& node) const { return fleet.node_condition(node, "Ready"); }

  mutable FakeFleet fleet;
};

TEST_F(SecretTest, EachNodeGetsWhatItAloneCanOpen) {
  apply();
  EXPECT_EQ(opened("cam-1"), "hunter2");
  EXPECT_EQ(opened("cam-2"), "hunter2");
  EXPECT_NE(fleet.node("cam-1").body_of("db"), fleet.node("cam-2").body_of("db"));
  EXPECT_EQ(fleet.status("db", "sync"), "Synced");
  EXPECT_EQ(fleet.sealer.sealed, 2U);
}

TEST_F(SecretTest, NothingIsInClearInTheStore) {
  apply();
  EXPECT_THAT(stored(), Not(HasSubstr("hunter2")));
  EXPECT_THAT(stored(), Not(HasSubstr(base::to_base64("hunter2"))));
}

TEST_F(SecretTest, AnUnrelatedCommitAndARestartOfTheHubSendNothing) {
  apply();
  const auto states = fleet.node("cam-1").states_received();
  const auto section = fleet.node("cam-1").section("db")->digest;
  fleet.change({{"apps/other/motd.yaml", file_yaml("motd", "/etc/motd", "x")}});
  fleet.poll();
  fleet.change({{"apps/db/readme.json", std::nullopt}});
  fleet.restart_hub();
  fleet.node("cam-1").connect();
  fleet.poll();
  EXPECT_EQ(fleet.node("cam-1").states_received(), states);
  EXPECT_EQ(fleet.node("cam-1").section("db")->digest, section);
  EXPECT_EQ(fleet.sealer.sealed, 2U) << "what was made is kept";
}

TEST_F(SecretTest, AChangedValueReachesTheNodesAndTheOldOneIsForgotten) {
  apply();
  const auto rows = [&] {
    std::size_t count = 0;
    EXPECT_TRUE(fleet.store.read([&](sync::ReadTxn& txn) {
      return txn.scan(kSealedTable, "", [&](std::string_view, std::string_view) {
        ++count;
        return true;
      });
    }));
    return count;
  };
  EXPECT_EQ(rows(), 2U);
  fleet.change({{"apps/db/db.json", sealed("hunter3")}});
  fleet.poll();
  EXPECT_EQ(opened("cam-1"), "hunter3");
  fleet.poll();
  EXPECT_EQ(rows(), 2U);
}

TEST_F(SecretTest, ANodeThatMadeANewKeyGetsItSealedAnew) {
  apply();
  auto& node = fleet.node("cam-1");
  const auto before = node.section("db")->digest;
  node.sealing = key_of_seed(201);
  node.say_hello(true);
  fleet.settle();
  EXPECT_EQ(opened("cam-1"), "hunter2");
  EXPECT_NE(node.section("db")->digest, before);
  EXPECT_EQ(opened("cam-2"), "hunter2");
  EXPECT_EQ(fleet.sealer.sealed, 3U);
}

/// What was sealed to it went when the other one came.
TEST_F(SecretTest, AnEarlierKeyThatComesBackIsSealedToAnew) {
  apply();
  auto& node = fleet.node("cam-1");
  for (const std::uint64_t seed : {201U, 101U}) {
    node.sealing = key_of_seed(seed);
    node.say_hello(true);
    fleet.settle();
    EXPECT_EQ(opened("cam-1"), "hunter2") << seed;
  }
  EXPECT_EQ(fleet.status("db", "sync"), "Synced");
}

TEST_F(SecretTest, AKeyThatWasMadeWhileTheHubWasAwayIsHeardOfThoughNobodyConnectsAnew) {
  apply();
  fleet.stop_hub();
  fleet.node("cam-1").sealing = key_of_seed(201);
  fleet.start_hub();
  fleet.poll();
  EXPECT_EQ(opened("cam-1"), "hunter2");
  EXPECT_EQ(fleet.sealer.sealed, 3U);
}

TEST_F(SecretTest, AKeyThatIsKnownIsNotAskedForAgain) {
  apply();
  const auto asked = fleet.node("cam-1").reports_asked();
  fleet.node("cam-1").say_hello(true);
  fleet.settle();
  EXPECT_EQ(fleet.node("cam-1").reports_asked(), asked);
}

TEST_F(SecretTest, ANodeWithoutAKeyIsToldWhyAndGetsItOnceItHasOne) {
  auto& node = fleet.node("cam-1");
  node.forget();
  node.sealing.reset();
  auto& late = fleet.add_node("cam-3", {{"role", "late"}});
  late.abilities.emplace_back("secret/1");
  late.disconnect();
  late.connect();
  apply("role: late");
  EXPECT_EQ(late.section("db"), std::nullopt);
  EXPECT_TRUE(fleet.has_event("Unschedulable"));
  late.sealing = key_of_seed(301);
  late.say_hello(true);
  fleet.settle();
  EXPECT_EQ(opened("cam-3"), "hunter2");
}

TEST_F(SecretTest, AnOlderAgentIsNotGivenIt) {
  auto& old = fleet.add_node("old", {{"role", "old"}});
  apply("role: old");
  EXPECT_EQ(old.section("db"), std::nullopt);
  EXPECT_TRUE(fleet.has_event("Unschedulable"));
}

TEST_F(SecretTest, FactsCannotPlaceIt) {
  apply("facts.holdfast.dev/arch: arm64");
  EXPECT_EQ(fleet.node("cam-1").section("db"), std::nullopt);
  EXPECT_THAT(fleet.condition("db", "InvalidManifest"), HasSubstr("reads labels from facts"));
}

TEST_F(SecretTest, FactsCannotPlaceItLaterEither) {
  apply("role: nobody");
  ASSERT_EQ(fleet.condition("db", "InvalidManifest"), "");
  apply("facts.holdfast.dev/arch: arm64");
  EXPECT_EQ(fleet.node("cam-1").section("db"), std::nullopt);
  EXPECT_TRUE(fleet.has_event("Unschedulable"));
}

TEST_F(SecretTest, OneThatWasCopiedUnderAnotherNameIsNotOpened) {
  auto copied = Json::parse(sealed("hunter2", "other"));
  copied["metadata"]["name"] = "db";
  // Long enough for the name it has now; the binding is what refuses it.
  fleet.change({{"apps/db/db.json", copied.dump()}});
  apply();
  EXPECT_EQ(fleet.node("cam-1").section("db"), std::nullopt);
  EXPECT_TRUE(fleet.has_event("SecretUnreadable"));
}

TEST_F(SecretTest, WhatIsSealedToAnOldKeyOfTheHubIsOpened) {
  const auto old = fleet.hub_sealing_key();
  fleet.sealer.keys.add(key_of_seed(22), fleet.clock.wall());
  fleet.change({{"apps/db/db.json", sealed_to(old, "old key")}});
  apply();
  EXPECT_EQ(opened("cam-1"), "old key");
  fleet.change({{"apps/db/db.json", sealed("new key")}});
  fleet.poll();
  EXPECT_EQ(opened("cam-1"), "new key");
}

TEST_F(SecretTest, WhatIsSealedToAKeyThatIsLostSaysSo) {
  fleet.change({{"apps/db/db.json", sealed_to(key_of_seed(7).public_key(), "x")}});
  apply();
  EXPECT_EQ(fleet.node("cam-1").section("db"), std::nullopt);
  EXPECT_TRUE(fleet.has_event("SecretUnreadable"));
}

TEST_F(SecretTest, AChildThatFailsIsTriedAgainAndTheNodeKeepsWhatItHas) {
  apply();
  fleet.sealer.fails = true;
  fleet.change({{"apps/db/db.json", sealed("hunter3")}});
  fleet.poll();
  EXPECT_EQ(opened("cam-1"), "hunter2");
  EXPECT_EQ(fleet.status("db", "sync"), "OutOfSync") << "what the nodes hold is not what Git says";
  fleet.sealer.fails = false;
  fleet.poll();
  EXPECT_EQ(opened("cam-1"), "hunter3");
  EXPECT_EQ(fleet.status("db", "sync"), "Synced");
}

TEST_F(SecretTest, ADifferenceIsShownRedacted) {
  apply();
  fleet.change({{"apps/db/db.json", sealed("hunter3")}});
  auto different = fleet.hub->diff("db");
  fleet.apply({.name = "db", .path = "apps/db", .automated = false});
  fleet.poll();
  different = fleet.hub->diff("db");
  ASSERT_TRUE(different) << different.error().message();
  ASSERT_EQ(different->size(), 1U) << "one row for both nodes";
  EXPECT_EQ(different->front().key.brief(), "Secret/db");
  EXPECT_THAT(different->front().after, HasSubstr(R"("password":"++++++++")"));
  EXPECT_THAT(different->front().before, HasSubstr(R"("password":"++++++++")"));
}

TEST_F(SecretTest, WithoutDifferencesNoneIsShown) {
  apply();
  const auto different = fleet.hub->diff("db");
  ASSERT_TRUE(different);
  EXPECT_TRUE(different->empty());
}

TEST_F(SecretTest, ACiphertextThatIsDamagedInTheStoreIsMadeAnew) {
  apply();
  ASSERT_TRUE(fleet.store.write([&](sync::WriteTxn& txn) {
    const auto row = base::from_hex(fleet.node("cam-1").sealing->public_key().id().hex()).value();
    std::string key;
    EXPECT_TRUE(txn.scan(kSealedTable, row, [&](std::string_view found, std::string_view) {
      key = found;
      return false;
    }));
    return txn.put(kSealedTable, key, "garbage");
  }));
  fleet.restart_hub();
  fleet.node("cam-1").connect();
  fleet.poll();
  EXPECT_EQ(opened("cam-1"), "hunter2");
  EXPECT_EQ(fleet.sealer.sealed, 3U);
}

TEST_F(SecretTest, OfANodeThatIsDeletedNothingStays) {
  apply();
  const auto id = base::from_hex(fleet.node("cam-1").sealing->public_key().id().hex()).value();
  fleet.remove("nodes", "cam-1");
  fleet.settle();
  EXPECT_TRUE(fleet.store.read([&](sync::ReadTxn& txn) {
    return txn.scan(kSealedTable, "", [&](std::string_view key, std::string_view) {
      EXPECT_FALSE(key.starts_with(id));
      return true;
    });
  }));
}

TEST_F(SecretTest, APlainOneIsSealedWhereTheProjectAllowsItAndAsLongAsItDoes) {
  const std::string plain = R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"db"},)"
                            R"("stringData":{"password":"plain-canary"}})";
  const auto project = [](bool is_allowed) {
    return Json{{"apiVersion", kApiVersion},
                {"kind", "Project"},
                {"metadata", {{"name", "default"}}},
                {"spec", {{"allowPlainSecrets", is_allowed}}}};
  };
  fleet.change({{"apps/db/db.json", plain}});
  apply();
  EXPECT_EQ(opened("cam-1"), "");
  ASSERT_TRUE(fleet.objects->create(kProjects, project(true), Actor::kPerson));
  fleet.poll();
  EXPECT_EQ(opened("cam-1"), "plain-canary");
  EXPECT_THAT(stored(), Not(HasSubstr("plain-canary")));
  const auto section = fleet.node("cam-1").section("db")->digest;
  fleet.restart_hub();
  fleet.node("cam-1").connect();
  fleet.poll();
  EXPECT_EQ(fleet.node("cam-1").section("db")->digest, section) << "its version is the same";
  ASSERT_TRUE(fleet.objects->update(kProjects, "default", project(false), Actor::kPerson));
  fleet.change({{"apps/db/motd.yaml", file_yaml("motd", "/etc/motd", "x")}});
  fleet.poll();
  EXPECT_THAT(fleet.condition("db", "InvalidManifest"), HasSubstr("a plain Secret"));
  EXPECT_EQ(opened("cam-1"), "plain-canary") << "the node keeps what it has";
}

TEST_F(SecretTest, APlainOneIsRefusedAndTheLastGoodStays) {
  apply();
  fleet.change(
      {{"apps/db/db.json", std::string(R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"db"},)"
                                       R"("stringData":{"password":"plain-canary"}})")}});
  fleet.poll();
  EXPECT_EQ(opened("cam-1"), "hunter2");
  const auto condition = fleet.condition("db", "InvalidManifest");
  EXPECT_THAT(condition, HasSubstr("apps/db/db.json:1: Secret/db: kind: a plain Secret"));
  EXPECT_THAT(condition, Not(HasSubstr("plain-canary")));
  EXPECT_THAT(stored(), Not(HasSubstr("plain-canary")));
}

}  // namespace
}  // namespace holdfast::hub
