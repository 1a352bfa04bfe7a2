// SPDX-License-Identifier: Apache-2.0
#include "base/account_names.hpp"

#include <gtest/gtest.h>

namespace holdfast::base {
namespace {

constexpr std::string_view kPasswd =
    "root:x:0:0:root:/root:/bin/bash\n"
    "# a remark:x:1:1::/:\n"
    "camera:x:777:100::/srv:/bin/false\n"
    "broken:x:many:1::/:\n"
    "camera:x:999:999:a second line of that name counts for nothing:/:\n";
constexpr std::string_view kGroups =
    "root:x:0:\nusers:x:100:\nvideo:x:44:other,camera\naudio:x:29:camera\nnone:x:7:cam\n";

TEST(AccountNames, NamesBecomeNumbers) {
  EXPECT_EQ(user_id_in(kPasswd, "root").value(), 0U);
  EXPECT_EQ(user_id_in(kPasswd, "camera").value(), 777U);
  EXPECT_EQ(group_id_in(kGroups, "video").value(), 44U);
  EXPECT_EQ(user_id_in("last:x:5:5", "last").value(), 5U);
}

TEST(AccountNames, NumbersNeedNoLine) {
  EXPECT_EQ(user_id_in("", "1234").value(), 1234U);
  EXPECT_EQ(group_id_in("", "4294967294").value(), 4294967294U);
}

TEST(AccountNames, WhatIsNobodyIsNotFound) {
  for (const std::string_view name : {"nobody", "", "# a remark", "roo", "root:x"}) {
    SCOPED_TRACE(name);
    const auto id = user_id_in(kPasswd, name);
    ASSERT_FALSE(id);
    EXPECT_EQ(id.error().code(), Code::kNotFound);
  }
  EXPECT_EQ(user_id_in(kPasswd, "broken").error().code(), Code::kInvalid);
  EXPECT_EQ(user_id_in("", "4294967295").error().code(), Code::kInvalid);
  EXPECT_EQ(user_id_in("", "99999999999999").error().code(), Code::kInvalid);
}

TEST(AccountNames, AUserRunsWithAllOfItsGroups) {
  EXPECT_EQ(credentials_in(kPasswd, kGroups, "camera").value(), (Credentials{777, 100, {100, 44, 29}}));
  EXPECT_EQ(credentials_in(kPasswd, kGroups, "777").value(), (Credentials{777, 100, {100, 44, 29}}));
}

TEST(AccountNames, AGroupCanBeChosen) {
  EXPECT_EQ(credentials_in(kPasswd, kGroups, "camera:video").value(), (Credentials{777, 44, {44, 29}}));
  EXPECT_EQ(credentials_in(kPasswd, kGroups, "1234:5").value(), (Credentials{1234, 5, {5}}));
  EXPECT_EQ(credentials_in(kPasswd, kGroups, "1234").value(), (Credentials{1234, 1234, {1234}}));
  EXPECT_FALSE(credentials_in(kPasswd, kGroups, "camera:nothing"));
  EXPECT_FALSE(credentials_in(kPasswd, kGroups, "nobody:video"));
  EXPECT_FALSE(credentials_in(kPasswd, kGroups, ":video"));
}

}  // namespace
}  // namespace holdfast::base
