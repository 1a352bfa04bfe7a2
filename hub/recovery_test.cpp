// SPDX-License-Identifier: Apache-2.0
// When a store counts as lost, and what a person is told then. The whole way is in test/e2e/test_recovery.py.
#include "hub/recovery.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/fake_clock.hpp"
#include "base/fake_random.hpp"
#include "base/file_io.hpp"
#include "hub/pki.hpp"

namespace holdfast::hub {
namespace {

namespace fs = std::filesystem;
using base::Code;

/// A hub's folder with keys and a store.
class RecoveryTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/hf-recovery-XXXXXX";
    root_ = mkdtemp(name);
    hub_ = DataFolder(root_ + "/hub");
    ASSERT_TRUE(base::make_private_directory(hub_.root()));
    ASSERT_TRUE(open_hub_store(hub_));
    ASSERT_TRUE(
        Pki::load_or_make(hub_, {{"hub"}, "https://hub:8443", {"mqtts://hub:8883"}}, clock_.wall(), random_));
  }
  void TearDown() override { fs::remove_all(root_); }

  base::Status recover(const RecoveryOrder& order = {}) {
    return hub::recover(hub_, order, clock_.wall(), random_);
  }
  static bool says(const base::Status& status, const std::string& words) {
    return !status && status.error().message().find(words) != std::string::npos;
  }

  std::string root_;
  DataFolder hub_{""};
  base::FakeClock clock_;
  base::FakeRandom random_{13};
};

TEST_F(RecoveryTest, AnEmptyStoreIsAsLostAsAMissingOne) {
  ASSERT_TRUE(check_store_is_there(hub_));
  ASSERT_TRUE(check_whole_store(hub_));
  EXPECT_TRUE(says(recover(), "nothing is lost"));
  fs::resize_file(hub_.store(), 0);
  for (const auto& refused : {check_store_is_there(hub_), check_whole_store(hub_)}) {
    EXPECT_TRUE(says(refused, hub_.store() + " is empty"));
    EXPECT_TRUE(says(refused, "holdfast-hub recover"));
  }
  const auto done = recover();
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_TRUE(check_whole_store(hub_));
  EXPECT_TRUE(says(recover(), "nothing is lost"));
}

TEST_F(RecoveryTest, AnEmptyStoreWithoutAnyKeyIsAFirstStartThatWasKilled) {
  const DataFolder fresh(root_ + "/fresh");
  ASSERT_TRUE(base::make_private_directory(fresh.root()));
  ASSERT_TRUE(base::write_file(fresh.store(), "", 0600));
  EXPECT_TRUE(check_store_is_there(fresh));
  EXPECT_TRUE(open_hub_store(fresh));
}

TEST_F(RecoveryTest, OneKeyIsEnoughToMissTheStore) {
  fs::remove(hub_.store());
  fs::remove(hub_.trust_file());
  EXPECT_TRUE(says(check_store_is_there(hub_), hub_.store() + " is missing"));
}

TEST_F(RecoveryTest, ADamagedStoreIsNamedWithTheWaysOut) {
  ASSERT_TRUE(base::write_file(hub_.store(), std::string(20'000, 'x'), 0600));
  const auto opened = open_hub_store(hub_).map([](const auto&) {});
  for (const auto& refused : {opened, check_whole_store(hub_)}) {
    EXPECT_TRUE(says(refused, hub_.store())) << refused.error().message();
    EXPECT_TRUE(says(refused, "holdfast-hub restore"));
    EXPECT_TRUE(says(refused, "move the file away"));
  }
  EXPECT_TRUE(says(recover(), "if it is damaged, move it away"));
  fs::rename(hub_.store(), hub_.store() + ".damaged");
  EXPECT_TRUE(recover());
}

TEST_F(RecoveryTest, ATrustFileThatIsNoneIsNamed) {
  const DataFolder other(root_ + "/other");
  const auto bad = root_ + "/bad.json";
  ASSERT_TRUE(base::write_file(bad, "{nonsense", 0600));
  const auto refused =
      hub::recover(other, {.recovery_key = hub_.recovery_key(), .trust = bad}, clock_.wall(), random_);
  EXPECT_TRUE(says(refused, "--trust " + bad)) << refused.error().message();
  EXPECT_TRUE(says(refused, "the trust.json in the data folder of any node"));
}

TEST_F(RecoveryTest, AUidIsAUuidInSmallLetters) {
  const auto uid = random_.uuid();
  ASSERT_TRUE(parse_node_uid(uid));
  EXPECT_EQ(parse_node_uid(uid)->str(), uid);
  for (const auto& text : {std::string(), std::string("not-a-uid"), std::string("node1"), uid + "0",
                           uid.substr(1), "../" + uid, "X" + uid.substr(1), std::string(36, '-')}) {
    const auto refused = parse_node_uid(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_NE(refused.error().message().find("spec.uid"), std::string::npos);
  }
}

}  // namespace
}  // namespace holdfast::hub
