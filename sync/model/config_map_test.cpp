// SPDX-License-Identifier: Apache-2.0
// Kind ConfigMap: data, binaryData and their limits.
#include "sync/model/config_map.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/limits/model.hpp"

namespace holdfast::sync {
namespace {

base::Result<ConfigMap> parse(std::string_view text) {
  const auto object = base::parse_json(text);
  EXPECT_TRUE(object) << object.error().message();
  return parse_config_map(*object);
}

TEST(ConfigMap, MergesDataAndBinaryData) {
  const auto map =
      parse(R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "immutable": true,
                             "data": {"a.conf": "x"}, "binaryData": {"b_1": "AAH/"}})");
  ASSERT_TRUE(map) << map.error().message();
  EXPECT_EQ(map->data,
            (std::map<std::string, std::string>{{"a.conf", "x"}, {"b_1", std::string("\0\1\xff", 3)}}));
}

TEST(ConfigMap, MayBeEmpty) { EXPECT_TRUE(parse("{}")->data.empty()); }

struct BadMap {
  const char* name;
  const char* json;
  const char* message;
};
class ConfigMapRefuses : public testing::TestWithParam<BadMap> {};

TEST_P(ConfigMapRefuses, AndNamesTheKey) {
  const auto map = parse(GetParam().json);
  ASSERT_FALSE(map);
  EXPECT_EQ(map.error().message().substr(0, std::string_view(GetParam().message).size()), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ConfigMapRefuses,
    testing::Values(BadMap{"KeyInBoth", R"({"data": {"a": ""}, "binaryData": {"a": ""}})",
                           "binaryData[\"a\"]: this key is in data, too; remove one"},
                    BadMap{"KeyIsAPath", R"({"data": {"a/b": ""}})",
                           "data[\"a/b\"]: a key must be 1 to 253 letters, digits, '-', '_' and '.'"},
                    BadMap{"KeyIsDots", R"({"data": {"..": ""}})", "data[\"..\"]: a key must be"},
                    BadMap{"KeyIsEmpty", R"({"data": {"": ""}})", "data[\"\"]: a key must be"},
                    BadMap{"ValueIsANumber", R"({"data": {"a": 1}})",
                           "data.a: must be a string, not a number; put it in quotes"},
                    BadMap{"NotBase64", R"({"binaryData": {"a": "%"}})", "binaryData[\"a\"]: "},
                    BadMap{"UnknownField", R"({"spec": {}})", "unknown field \"spec\""}),
    [](const auto& row) { return row.param.name; });

TEST(ConfigMap, ValuesAreBounded) {
  const auto with_value = [](std::size_t bytes) {
    return parse_config_map({{"data", {{"a", std::string(bytes, 'x')}}}});
  };
  EXPECT_TRUE(with_value(base::limits::kFileContentBytesMax));
  EXPECT_EQ(with_value(base::limits::kFileContentBytesMax + 1).error().code(), base::Code::kLimit);
}

}  // namespace
}  // namespace holdfast::sync
