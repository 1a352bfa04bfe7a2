// SPDX-License-Identifier: Apache-2.0
#include "hub/kept_json.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace holdfast::hub {
namespace {

using base::Json;

struct Bad {
  const char* name;
  Json value;
  const char* message;
};

const std::vector<Bad>& bad_values() {
  static const std::vector<Bad> kTable{
      {"text", {{"spec", {{"path", "a\xff"}}}}, "spec.path: is not UTF-8"},
      {"text in a list", {{"names", {"a", "\xc3"}}}, "names[1]: is not UTF-8"},
      {"name of a member", {{"spec", {{"\xff", 1}}}}, "spec.\"\uFFFD\": the member's name is not UTF-8"},
      {"large", {{"n", 9'007'199'254'740'993}}, "n: a number beyond 2^53"},
      {"very large", {{"n", std::numeric_limits<std::uint64_t>::max()}}, "n: a number beyond 2^53"},
      {"small", {{"n", -9'007'199'254'740'993}}, "n: a number beyond 2^53"},
      {"no number", {{"n", std::nan("")}}, "n: a number beyond 2^53"},
  };
  return kTable;
}

TEST(KeptJson, NamesWhatCannotBeKept) {
  for (const auto& row : bad_values()) {
    const auto status = check_keepable(row.value);
    ASSERT_FALSE(status) << row.name;
    EXPECT_TRUE(status.error().message().starts_with(row.message)) << status.error().message();
  }
  EXPECT_TRUE(check_keepable({{"a", {1, -5, 1.5, "grüß", nullptr, true}}, {"n", 9'007'199'254'740'992}}));
}

TEST(KeptJson, CanBeReadBackOnceItIsCleaned) {
  for (const auto& row : bad_values()) {
    const auto clean = made_keepable(row.value);
    EXPECT_EQ(base::parse_json(base::canonical_json(clean)), clean) << row.name;
  }
  EXPECT_EQ(made_keepable({{"a", {1, "x"}}}), (Json{{"a", {1, "x"}}}));
}

}  // namespace
}  // namespace holdfast::hub
