// SPDX-License-Identifier: Apache-2.0
// The hub's sealing keys: made at the first start, rotated, and loudly missed.
#include "hub/sealing_key_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/fake_random.hpp"
#include "base/file_io.hpp"

namespace holdfast::hub {
namespace {

class HubSealingKeyTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder.root()); }
  void TearDown() override { std::filesystem::remove_all(folder.root()); }

  base::Result<base::SealingPublicKey> opened() { return open_sealing_key(folder, random, {}); }
  std::string text_of(const std::string& path) const { return base::read_file(path, 65'536).value_or(""); }

  const DataFolder folder{testing::TempDir() + "/hub-sealing-" +
                          testing::UnitTest::GetInstance()->current_test_info()->name()};
  base::FakeRandom random{3};
};

TEST_F(HubSealingKeyTest, IsMadeOnceForTheHubsUserAlone) {
  const auto first = opened();
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(opened(), *first);
  struct stat info{};
  ASSERT_EQ(::stat(folder.sealing_key().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_EQ(text_of(folder.sealing_public_key()), first->hex() + "\n");
}

TEST_F(HubSealingKeyTest, ARotationPutsANewOneInFrontAndKeepsTheOld) {
  const auto first = opened();
  const auto second = rotate_sealing_key(folder, random, {});
  ASSERT_TRUE(second) << second.error().message();
  EXPECT_NE(*second, *first);
  EXPECT_EQ(opened(), *second);
  const auto keys = base::SealingKeys::parse(text_of(folder.sealing_key()));
  EXPECT_NE(keys->find(first->id()), nullptr);
}

TEST_F(HubSealingKeyTest, ARotationThatWasKilledHalfwayIsFinishedAtTheNextStart) {
  const auto first = opened();
  const auto second = rotate_sealing_key(folder, random, {});
  std::ofstream(folder.sealing_public_key()) << first->hex() << "\n";
  EXPECT_EQ(opened(), *second);
  EXPECT_EQ(text_of(folder.sealing_public_key()), second->hex() + "\n");
}

TEST_F(HubSealingKeyTest, ThatIsDamagedIsNotReplacedForItOpensWhatGitHolds) {
  ASSERT_TRUE(opened());
  std::ofstream(folder.sealing_key()) << "garbage";
  const auto damaged = opened();
  ASSERT_FALSE(damaged);
  EXPECT_NE(damaged.error().message().find("put it back from a backup"), std::string::npos);
  EXPECT_EQ(text_of(folder.sealing_key()), "garbage");
}

TEST_F(HubSealingKeyTest, NothingIsRotatedWhereNoHubWasStarted) {
  EXPECT_EQ(rotate_sealing_key(folder, random, {}).error().code(), base::Code::kNotFound);
}

}  // namespace
}  // namespace holdfast::hub
