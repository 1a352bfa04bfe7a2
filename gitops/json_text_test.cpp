// SPDX-License-Identifier: Apache-2.0
#include "gitops/json_text.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace holdfast::gitops {
namespace {

TEST(TextMember, IsEmptyWhereThereIsNoText) {
  const base::Json object{{"kind", "File"}, {"count", 3}};
  EXPECT_EQ(text_member(object, "kind"), "File");
  EXPECT_EQ(text_member(object, "count"), "");
  EXPECT_EQ(text_member(object, "name"), "");
  EXPECT_EQ(text_member(base::Json("text"), "kind"), "");
}

}  // namespace
}  // namespace holdfast::gitops
