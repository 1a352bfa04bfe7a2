// SPDX-License-Identifier: Apache-2.0
// The node's sealing keys on disk: made once, rotated, and dropped when nothing needs them.
#include "edge_agent/sealing_key_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/fake_random.hpp"
#include "base/limits/secrets.hpp"

namespace holdfast::edge_agent {
namespace {

using base::WallTime;
using std::chrono::hours;
namespace limits = base::limits;

class SealingKeyFileTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder); }
  void TearDown() override { std::filesystem::remove_all(folder); }

  SealingKeyFile opened() {
    SealingKeyFile file(path);
    EXPECT_TRUE(file.load_or_make(random, now));
    return file;
  }
  static base::SealingKeyId newest(const SealingKeyFile& file) {
    return file.keys().newest().key.public_key().id();
  }

  const std::string folder =
      testing::TempDir() + "/sealing-" + testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::string path = folder + "/sealing.key";
  base::FakeRandom random{3};
  WallTime now{std::chrono::seconds(1'800'000'000)};
};

TEST_F(SealingKeyFileTest, IsMadeOnceForItsOwnerAlone) {
  const auto first = newest(opened());
  EXPECT_EQ(newest(opened()), first);
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(SealingKeyFileTest, ThatIsDamagedIsSetAsideAndMadeAnew) {
  const auto first = newest(opened());
  std::ofstream(path) << "garbage";
  EXPECT_NE(newest(opened()), first);
  EXPECT_TRUE(std::filesystem::exists(path + ".corrupt"));
}

TEST_F(SealingKeyFileTest, IsDueAtTwoThirdsOfItsLife) {
  const auto file = opened();
  const auto due = std::chrono::duration_cast<std::chrono::milliseconds>(limits::kSealingKeyLife * 2 / 3);
  EXPECT_FALSE(file.is_rotation_due(now + due - hours(1)));
  EXPECT_TRUE(file.is_rotation_due(now + due));
}

TEST_F(SealingKeyFileTest, AnOldKeyStaysWhileSomethingStoredNeedsIt) {
  auto file = opened();
  const auto old = newest(file);
  ASSERT_TRUE(file.rotate(random, now));
  EXPECT_NE(newest(file), old);
  const auto later = now + std::chrono::duration_cast<std::chrono::milliseconds>(limits::kSealingKeyGrace);
  EXPECT_EQ(file.drop_unneeded({old}, later), false);
  EXPECT_EQ(file.drop_unneeded({}, later - hours(1)), false)
      << "the hub may still send something sealed to it";
  EXPECT_NE(file.keys().find(old), nullptr);
  EXPECT_EQ(file.drop_unneeded({}, later), true);
  EXPECT_EQ(file.keys().find(old), nullptr);
  EXPECT_EQ(opened().keys().all().size(), 1U) << "and on disk";
}

}  // namespace
}  // namespace holdfast::edge_agent
