// SPDX-License-Identifier: Apache-2.0
// Kind Secret as a node gets it: its one form, its limits, and what people see of it.
#include "sync/model/secret.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/limits/secrets.hpp"

namespace holdfast::sync {
namespace {

using base::Json;

const std::string kVersion(64, 'a');
constexpr base::SealingKeyId kKey{0x0123456789abcdef};

Json a_secret(const std::map<std::string, std::string>& sealed = {{"password", "sealed bytes"}}) {
  return {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"metadata", {{"name", "db"}, {"namespace", "default"}}},
          {"data", sealed_data(*base::Digest::from_hex(kVersion), kKey, sealed)}};
}

TEST(Secret, IsReadBack) {
  const auto secret = parse_secret(a_secret());
  ASSERT_TRUE(secret) << secret.error().message();
  EXPECT_EQ(secret->version.hex(), kVersion);
  EXPECT_EQ(secret->key, kKey);
  EXPECT_EQ(secret->data, (std::map<std::string, std::string>{{"password", "sealed bytes"}}));
}

TEST(Secret, HasOneFormAsAResource) {
  const auto resource = parse_resource(a_secret());
  ASSERT_TRUE(resource) << resource.error().message();
  EXPECT_EQ(resource->key.brief(), "Secret/db");
  EXPECT_TRUE(is_secret(resource->key));
}

TEST(Secret, RedactedItIsTheSameForEveryNode) {
  auto other = a_secret({{"password", "other bytes"}});
  const auto one = redacted(*parse_resource(a_secret()));
  ASSERT_TRUE(one) << one.error().message();
  EXPECT_EQ(*one, redacted(*parse_resource(other)));
  EXPECT_NE(one->body.find(R"("password":"++++++++")"), std::string::npos) << one->body;
}

TEST(Secret, RedactingLeavesOthersAlone) {
  const auto map = parse_resource(
      std::string_view(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"v"}})"));
  EXPECT_EQ(*redacted(*map), *map);
}

TEST(Secret, AValueIsBoundToAllOfItsPlace) {
  EXPECT_NE(bound_to("a", "b", "c"), bound_to("a", "bc", ""));
  EXPECT_NE(bound_to("a", "b", "c"), bound_to("b", "b", "c"));
  EXPECT_NE(bound_to("a", "b", "c"), bound_to("a", "b", "d"));
}

struct BadSecret {
  const char* name;
  const char* json;
  const char* message;
};
class SecretRefuses : public testing::TestWithParam<BadSecret> {};

TEST_P(SecretRefuses, AndNamesTheField) {
  const auto object = base::parse_json(GetParam().json);
  ASSERT_TRUE(object);
  const auto secret = parse_secret(*object);
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error().message().substr(0, std::string_view(GetParam().message).size()),
            GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Table, SecretRefuses,
    testing::Values(BadSecret{"Clear", R"({"data": {"password": "aHVudGVyMg=="}})",
                              "data.sealed: this field is required"},
                    BadSecret{
                        "StringData",
                        R"({"stringData": {}, "data": {"sealed": {"version": "0", "key": "", "data": {}}}})",
                        "data.sealed.version: "},
                    BadSecret{"NoData", "{}", "data: this field is required"},
                    BadSecret{"NoKey", R"({"data": {"sealed": {"data": {}}}})",
                              "data.sealed.version: this field is required"},
                    BadSecret{"ShortKey", R"({"data": {"sealed": {"version":
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "key": "00", "data": {}}}})",
                              "data.sealed.key: a sealing key's id has 16 hex digits"},
                    BadSecret{"NotBase64", R"({"data": {"sealed": {"version":
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "key": "", "data": {"k": "%"}}}})",
                              "data.sealed.data[\"k\"]: "},
                    BadSecret{"KeyIsAPath", R"({"data": {"sealed": {"version":
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "key": "", "data": {"a/b": ""}}}})",
                              "data.sealed.data[\"a/b\"]: a key must be"}),
    [](const auto& row) { return row.param.name; });

TEST(Secret, KeysAreBounded) {
  const auto with_keys = [](std::size_t count) {
    std::map<std::string, std::string> data;
    for (std::size_t i = 0; i < count; ++i) data["k" + std::to_string(i)] = "x";
    return parse_secret(a_secret(data));
  };
  EXPECT_TRUE(with_keys(base::limits::kSecretKeysMax));
  EXPECT_EQ(with_keys(base::limits::kSecretKeysMax + 1).error().code(), base::Code::kLimit);
}

}  // namespace
}  // namespace holdfast::sync
