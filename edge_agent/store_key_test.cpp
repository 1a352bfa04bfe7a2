// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/store_key.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace holdfast::edge_agent {
namespace {

namespace fs = std::filesystem;
using base::Code;

class StoreKeyTest : public testing::Test {
 public:
  StoreKeyTest() {
    std::string name = testing::TempDir() + "holdfast-key-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~StoreKeyTest() override { fs::remove_all(folder_); }

 protected:
  std::string path() const { return folder_ + "/store"; }
  std::string folder_;
};

TEST_F(StoreKeyTest, IsMadeOnceAndIsForItsOwnerAlone) {
  EXPECT_EQ(load_store_key(path()).error().code(), Code::kNotFound);
  const auto made = load_or_make_store_key(path());
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_TRUE(made->is_new);
  const auto again = load_or_make_store_key(path());
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->is_new);
  EXPECT_EQ(again->key, made->key);
  EXPECT_EQ(*load_store_key(path()), made->key);
  struct stat info{};
  ASSERT_EQ(::stat((path() + "-key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(StoreKeyTest, TwoNodesHaveTwo) {
  const auto one = load_or_make_store_key(path());
  const auto other = load_or_make_store_key(folder_ + "/other");
  ASSERT_TRUE(one && other);
  EXPECT_NE(one->key, other->key);
}

TEST_F(StoreKeyTest, WhatIsNoKeyIsMadeAnew) {
  for (const std::string text : {"", "00112233", "not hex, and yet of 32 characters", "\n"}) {
    std::ofstream(path() + "-key") << text;
    EXPECT_EQ(load_store_key(path()).error().code(), Code::kCorrupt) << text;
    const auto made = load_or_make_store_key(path());
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_TRUE(made->is_new) << text;
    EXPECT_TRUE(fs::exists(path() + "-key.corrupt")) << "kept for who wants to mend it";
  }
  std::ofstream(path() + "-key") << std::string(1000, '0');
  EXPECT_TRUE(load_or_make_store_key(path())->is_new);
}

TEST_F(StoreKeyTest, WhatAnEditorLeavesBehindIsForgiven) {
  const auto made = load_or_make_store_key(path());
  ASSERT_TRUE(made);
  std::ofstream(path() + "-key", std::ios::app) << "\r\n\n";
  EXPECT_EQ(*load_store_key(path()), made->key);
}

TEST_F(StoreKeyTest, WhatCannotBeReadIsNotReplaced) {
  fs::create_directory(path() + "-key");
  const auto made = load_or_make_store_key(path());
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message().find("move the file away"), std::string::npos) << made.error().message();
  EXPECT_TRUE(fs::is_directory(path() + "-key"));
}

}  // namespace
}  // namespace holdfast::edge_agent
