// SPDX-License-Identifier: Apache-2.0
// ObjectReader: a manifest's spec becomes a struct, and a mistake becomes a sentence that names its place.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/json.hpp"

namespace holdfast::base {
namespace {

struct Variable {
  std::string name;
  std::string value;
};

/// Something like a Process.
struct Spec {
  std::string path;
  std::int64_t port = 0;
  bool enabled = false;
  std::string owner = "root";
  std::optional<std::string> group;
  std::int64_t replicas = 1;
  std::optional<std::int64_t> limit;
  bool quiet = true;
  std::vector<std::string> command;
  std::map<std::string, std::string> labels;
  std::vector<Variable> env;
};

Result<Variable> read_variable(const Json& value, const std::string& where) {
  Variable variable;
  ObjectReader in(value, where);
  in.required("name", variable.name).optional("value", variable.value);
  HF_CHECK(in.finish());
  return variable;
}

void read_fields(ObjectReader& in, Spec& spec) {
  in.required("path", spec.path).required("port", spec.port).required("enabled", spec.enabled);
  in.optional("owner", spec.owner).optional("group", spec.group).optional("replicas", spec.replicas);
  in.optional("limit", spec.limit).optional("quiet", spec.quiet).optional("command", spec.command);
  in.optional("labels", spec.labels).each("env", [&](const Json& value, const std::string& where) -> Status {
    HF_TRY(auto variable, read_variable(value, where));
    spec.env.push_back(std::move(variable));
    return {};
  });
  in.ignore("comment");
}

Result<Spec> read_spec(std::string_view text) {
  HF_TRY(const Json value, parse_json(text));
  Spec spec;
  ObjectReader in(value, "spec");
  read_fields(in, spec);
  HF_CHECK(in.finish());
  return spec;
}

TEST(ObjectReader, ReadsEveryKindOfField) {
  const auto spec = read_spec(R"({
    "path": "/etc/a", "port": 80, "enabled": true, "owner": "www", "group": "staff", "replicas": -3, "limit": 9,
    "quiet": false, "command": ["sh", "-c"], "labels": {"a.b/c": "d"}, "env": [{"name": "A", "value": "1"}, {"name": "B"}],
    "comment": {"anything": []}
  })");
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->path, "/etc/a");
  EXPECT_EQ(spec->port, 80);
  EXPECT_TRUE(spec->enabled);
  EXPECT_EQ(spec->owner, "www");
  EXPECT_EQ(spec->group, "staff");
  EXPECT_EQ(spec->replicas, -3);
  EXPECT_EQ(spec->limit, 9);
  EXPECT_FALSE(spec->quiet);
  EXPECT_EQ(spec->command, (std::vector<std::string>{"sh", "-c"}));
  EXPECT_EQ(spec->labels, (std::map<std::string, std::string>{{"a.b/c", "d"}}));
  ASSERT_EQ(spec->env.size(), 2U);
  EXPECT_EQ(spec->env[1].name, "B");
}

TEST(ObjectReader, WhatIsNotThereOrNullKeepsItsDefault) {
  const auto spec =
      read_spec(R"({"path": "/a", "port": 1, "enabled": false, "owner": null, "labels": null, "env": null})");
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->owner, "root");
  EXPECT_EQ(spec->group, std::nullopt);
  EXPECT_EQ(spec->replicas, 1);
  EXPECT_EQ(spec->limit, std::nullopt);
  EXPECT_TRUE(spec->quiet);
  EXPECT_TRUE(spec->labels.empty());
}

TEST(ObjectReader, AWholeFloatIsANumberAsAnyOther) {
  const auto spec = read_spec(R"({"path": "/a", "port": 80.0, "enabled": false})");
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->port, 80);
}

struct BadSpec {
  const char* name;
  const char* text;
  const char* message;
};

class ObjectReaderRefuses : public testing::TestWithParam<BadSpec> {};

TEST_P(ObjectReaderRefuses, AndNamesTheField) {
  const auto spec = read_spec(GetParam().text);
  ASSERT_FALSE(spec);
  EXPECT_EQ(spec.error().code(), Code::kInvalid);
  EXPECT_EQ(spec.error().message(), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ObjectReaderRefuses,
    testing::Values(
        BadSpec{"NotAnObject", R"(["path"])", "spec: must be an object, not a list"},
        BadSpec{"Missing", R"({"port": 1, "enabled": true})",
                "spec.path: this field is required and missing"},
        BadSpec{"NullIsMissing", R"({"path": null, "port": 1, "enabled": true})",
                "spec.path: this field is required and missing"},
        BadSpec{"NumberForText", R"({"path": 7, "port": 1, "enabled": true})",
                "spec.path: must be a string, not a number; put it in quotes"},
        BadSpec{"TextForNumber", R"({"path": "/a", "port": "80", "enabled": true})",
                "spec.port: must be a whole number, not a string"},
        BadSpec{"FractionForNumber", R"({"path": "/a", "port": 80.5, "enabled": true})",
                "spec.port: must be a whole number, not a fraction"},
        BadSpec{"TextForBoolean", R"({"path": "/a", "port": 1, "enabled": "yes"})",
                "spec.enabled: must be true or false, not a string"},
        BadSpec{"OptionalOfWrongType", R"({"path": "/a", "port": 1, "enabled": true, "group": []})",
                "spec.group: must be a string, not a list"},
        BadSpec{"OptionalNumber", R"({"path": "/a", "port": 1, "enabled": true, "limit": "1"})",
                "spec.limit: must be a whole number, not a string"},
        BadSpec{"ElementOfAList", R"({"path": "/a", "port": 1, "enabled": true, "command": ["sh", 8080]})",
                "spec.command[1]: must be a string, not a number; put it in quotes"},
        BadSpec{"TextForAList", R"({"path": "/a", "port": 1, "enabled": true, "command": "sh"})",
                "spec.command: must be a list of strings, not a string"},
        BadSpec{"ValueOfAMap", R"({"path": "/a", "port": 1, "enabled": true, "labels": {"a.b/c": true}})",
                "spec.labels[\"a.b/c\"]: must be a string, not a boolean; put it in quotes"},
        BadSpec{"ObjectForEach", R"({"path": "/a", "port": 1, "enabled": true, "env": {}})",
                "spec.env: must be a list, not an object"},
        BadSpec{
            "DeepInside",
            R"({"path": "/a", "port": 1, "enabled": true, "env": [{"name": "A"}, {"name": "B"}, {"name": 3}]})",
            "spec.env[2].name: must be a string, not a number; put it in quotes"},
        BadSpec{"UnknownNearOne", R"({"path": "/a", "port": 1, "enabled": true, "comand": []})",
                "spec: unknown field \"comand\"; did you mean \"command\"?"},
        BadSpec{"UnknownNearNone", R"({"path": "/a", "port": 1, "enabled": true, "frobnicate": []})",
                "spec: unknown field \"frobnicate\""},
        BadSpec{"RequiredMisspelt", R"({"pth": "/a", "port": 1, "enabled": true})",
                "spec: unknown field \"pth\"; did you mean \"path\"?"},
        BadSpec{"OtherCase", R"({"path": "/a", "port": 1, "enabled": true, "Owner": "x"})",
                "spec: unknown field \"Owner\"; did you mean \"owner\"?"},
        BadSpec{"FirstErrorWins", R"({"path": 1, "port": "x", "frobnicate": 1})",
                "spec.path: must be a string, not a number; put it in quotes"}),
    [](const auto& row) { return row.param.name; });

TEST(ObjectReader, WithoutAPlaceItNamesOnlyTheField) {
  const Json value = {{"port", "x"}};
  std::int64_t port = 0;
  ObjectReader in(value, "");
  EXPECT_EQ(in.required("port", port).finish().error().message(),
            "port: must be a whole number, not a string");
}

TEST(ObjectReader, APlainErrorOfAReadGetsItsPlace) {
  const Json value = {{"port", 70000}};
  ObjectReader in(value, "spec");
  in.required("port",
              [](const Json&, const std::string&) -> Status { return fail(Code::kLimit, "over 65535"); });
  const auto error = in.finish().error();
  EXPECT_EQ(error.message(), "spec.port: over 65535");
  EXPECT_EQ(error.code(), Code::kLimit);
}

TEST(ObjectReader, ReadsAfterAnErrorAreNotCalled) {
  const Json value = {{"a", 1}, {"b", 2}, {"c", {1, 2}}};
  std::string text;
  int calls = 0;
  const auto count = [&](const Json&, const std::string&) -> Status {
    ++calls;
    return {};
  };
  ObjectReader in(value, "x");
  in.required("a", text).required("b", count).each("c", count);
  EXPECT_FALSE(in.finish());
  EXPECT_EQ(calls, 0);
}

TEST(ObjectReader, AnOptionalReadIsCalledOnlyForWhatIsThere) {
  const Json value = {{"b", 2}, {"n", nullptr}};
  std::vector<std::string> called;
  const auto note = [&](const Json&, const std::string& where) -> Status {
    called.push_back(where);
    return {};
  };
  ObjectReader in(value, "x");
  EXPECT_TRUE(in.optional("a", note).optional("b", note).optional("n", note).finish());
  EXPECT_EQ(called, std::vector<std::string>{"x.b"});
}

TEST(ObjectReader, AnOpenFinishLetsNewMembersPass) {
  const Json value = {{"a", "1"}, {"from-the-future", true}};
  std::string a;
  ObjectReader in(value, "hello");
  in.required("a", a);
  EXPECT_TRUE(in.finish_open());
  EXPECT_FALSE(in.finish());
}

TEST(ObjectReader, HasTellsWhatIsThere) {
  const Json value = {{"a", false}, {"b", nullptr}};
  const ObjectReader in(value, "x");
  EXPECT_TRUE(in.has("a"));
  EXPECT_FALSE(in.has("b"));
  EXPECT_FALSE(in.has("c"));
}

TEST(ObjectReader, AnIntegerBeyondInt64IsRefused) {
  const Json value = {{"port", UINT64_MAX}};
  std::int64_t port = 0;
  ObjectReader in(value, "spec");
  EXPECT_EQ(in.required("port", port).finish().error().message(),
            "spec.port: must be a whole number, not one beyond 64 bits");
}

TEST(ObjectReader, AHostileNameIsShownBoundedAndWithoutControls) {
  const Json value = {{"\x1b[2J" + std::string(5000, 'x'), 1}};
  const std::string message = ObjectReader(value, "spec").finish().error().message();
  EXPECT_LT(message.size(), 150U);
  EXPECT_EQ(message.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace holdfast::base
