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

/// A hub's folder with keys and a store.
class RecoveryTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/hf-recovery-XXXXXX";
    root = mkdtemp(name);
    data = DataFolder(root + "/hub");
    ASSERT_TRUE(base::make_private_directory(data.root()));
    ASSERT_TRUE(open_hub_store(data));
    ASSERT_TRUE(
        Pki::load_or_make(data, {{"hub"}, "https://hub:8443", {"mqtts://hub:8883"}}, clock.wall(), random));
  }
  void TearDown() override { fs::remove_all(root); }

  base::Status recover(const RecoveryOrder& order = {}) {
    return hub::recover(data, order, clock.wall(), random);
  }
  static bool says(const base::Status& status, const std::string& words) {
    return !status && status.error().message().find(words) != std::string::npos;
  }

  std::string root;
  DataFolder data{""};
  base::FakeClock clock;
  base::FakeRandom random{13};
};

TEST_F(RecoveryTest, AnEmptyStoreIsAsLostAsAMissingOne) {
  ASSERT_TRUE(check_store_is_there(data));
  ASSERT_TRUE(check_whole_store(data));
  EXPECT_TRUE(says(recover(), "nothing is lost"));
  fs::resize_file(data.store(), 0);
  for (const auto& refused : {check_store_is_there(data), check_whole_store(data)}) {
    EXPECT_TRUE(says(refused, data.store() + " is empty"));
    EXPECT_TRUE(says(refused, "holdfast-hub recover"));
  }
  const auto done = recover();
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_TRUE(check_whole_store(data));
  EXPECT_TRUE(says(recover(), "nothing is lost"));
}

TEST_F(RecoveryTest, AnEmptyStoreWithoutAnyKeyIsAFirstStartThatWasKilled) {
  const DataFolder fresh(root + "/fresh");
  ASSERT_TRUE(base::make_private_directory(fresh.root()));
  ASSERT_TRUE(base::write_file(fresh.store(), "", 0600));
  EXPECT_TRUE(check_store_is_there(fresh));
  EXPECT_TRUE(open_hub_store(fresh));
}

TEST_F(RecoveryTest, OneKeyIsEnoughToMissTheStore) {
  fs::remove(data.store());
  fs::remove(data.trust_file());
  EXPECT_TRUE(says(check_store_is_there(data), data.store() + " is missing"));
}

TEST_F(RecoveryTest, ADamagedStoreIsNamedWithTheWaysOut) {
  ASSERT_TRUE(base::write_file(data.store(), std::string(20'000, 'x'), 0600));
  const auto opened = open_hub_store(data).map([](const auto&) {});
  for (const auto& refused : {opened, check_whole_store(data)}) {
    EXPECT_TRUE(says(refused, data.store())) << refused.error().message();
    EXPECT_TRUE(says(refused, "holdfast-hub restore"));
    EXPECT_TRUE(says(refused, "move the file away"));
  }
  EXPECT_TRUE(says(recover(), "if it is damaged, move it away"));
  fs::rename(data.store(), data.store() + ".damaged");
  EXPECT_TRUE(recover());
}

TEST_F(RecoveryTest, ATrustFileThatIsNoneIsNamed) {
  const DataFolder other(root + "/other");
  const auto bad = root + "/bad.json";
  ASSERT_TRUE(base::write_file(bad, "{nonsense", 0600));
  const auto refused =
      hub::recover(other, {.recovery_key = data.recovery_key(), .trust = bad}, clock.wall(), random);
  EXPECT_TRUE(says(refused, "--trust " + bad)) << refused.error().message();
  EXPECT_TRUE(says(refused, "the trust.json in the data folder of any node"));
}

TEST_F(RecoveryTest, AUidIsAUuidInSmallLetters) {
  const auto uid = random.uuid();
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
