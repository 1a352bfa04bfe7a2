// SPDX-License-Identifier: Apache-2.0
#include "base/engine/api_version.hpp"

#include <gtest/gtest.h>

namespace holdfast::base {
namespace {

TEST(ApiVersion, IsTheEnginesNewestWithinWhatIsKnown) {
  EXPECT_EQ(to_string(*choose_api_version({1, 40})), "1.40");
  EXPECT_EQ(to_string(*choose_api_version({1, 41})), "1.41");
  EXPECT_EQ(*choose_api_version({1, 52}), kApiNewest);
  EXPECT_EQ(*choose_api_version({2, 0}), kApiNewest);
}

TEST(ApiVersion, AnOlderEngineIsNamed) {
  const auto chosen = choose_api_version({1, 39});
  ASSERT_FALSE(chosen);
  EXPECT_EQ(chosen.error().code(), Code::kUnsupported);
  EXPECT_NE(chosen.error().message().find("1.39"), std::string::npos);
}

TEST(ApiVersion, ReadsTwoNumbers) {
  EXPECT_EQ(*parse_api_version("1.41"), (ApiVersion{1, 41}));
  for (const char* text : {"", "1", "1.", ".4", "1.4x", "1.4.1", "-1.4", "1.-4", "a.b", "99999999999.1"})
    EXPECT_FALSE(parse_api_version(text)) << text;
}

}  // namespace
}  // namespace holdfast::base
