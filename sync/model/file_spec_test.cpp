// SPDX-License-Identifier: Apache-2.0
// Kind File: what it takes and what it refuses.
#include "sync/model/file_spec.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/limits/model.hpp"

namespace holdfast::sync {
namespace {

using base::Code;

base::Result<FileSpec> parse(std::string_view spec) {
  const auto object =
      base::parse_json(R"({"apiVersion": "holdfast.dev/v1", "kind": "File", "metadata": {}, "spec": )" +
                       std::string(spec) + "}");
  EXPECT_TRUE(object) << object.error().message();
  return parse_file_spec(*object);
}

TEST(FileSpec, NeedsAPathAndAContent) {
  const auto spec = parse(R"({"path": "/etc//motd", "content": "hi"})");
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->path, "/etc/motd");
  EXPECT_EQ(spec->content, "hi");
  EXPECT_EQ(spec->mode, 0644U);
  EXPECT_FALSE(spec->owner);
  EXPECT_FALSE(spec->group);
}

TEST(FileSpec, MayTakeItsContentFromAConfigMap) {
  const auto spec = parse(R"({"path": "/a", "contentFrom": {"configMapKeyRef": {"name": "m", "key": "k"}}})");
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->config_map_key, (KeyRef{"m", "k"}));
  EXPECT_EQ(spec->mode, 0644U);
  EXPECT_FALSE(spec->content);
}

TEST(FileSpec, ThatTakesItsContentFromASecretIsForItsOwnerAloneUnlessSaid) {
  const auto spec = parse(R"({"path": "/a", "contentFrom": {"secretKeyRef": {"name": "m", "key": "k"}}})");
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->secret_key, (KeyRef{"m", "k"}));
  EXPECT_FALSE(spec->config_map_key);
  EXPECT_EQ(spec->mode, 0600U);
  EXPECT_EQ(
      parse(R"({"path": "/a", "mode": "0640", "contentFrom": {"secretKeyRef": {"name": "m", "key": "k"}}})")
          ->mode,
      0640U);
}

TEST(FileSpec, MayBeEmpty) { EXPECT_EQ(parse(R"({"path": "/a", "content": ""})")->content, ""); }

TEST(FileSpec, ModeIsOctal) {
  const auto mode = [](const std::string& text) {
    return parse(R"({"path": "/a", "content": "", "mode": ")" + text + "\"}")->mode;
  };
  EXPECT_EQ(mode("0600"), 0600U);
  EXPECT_EQ(mode("755"), 0755U);
  EXPECT_EQ(mode("4755"), 04755U);
  EXPECT_EQ(mode("0000"), 0U);
}

TEST(FileSpec, OwnerIsANameOrANumber) {
  const auto spec = parse(R"({"path": "/a", "content": "", "owner": "www-data", "group": "1000"})");
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->owner, "www-data");
  EXPECT_EQ(spec->group, "1000");
}

struct BadFile {
  const char* name;
  const char* spec;
  const char* message;
};
class FileSpecRefuses : public testing::TestWithParam<BadFile> {};

TEST_P(FileSpecRefuses, AndNamesTheField) {
  const auto spec = parse(GetParam().spec);
  ASSERT_FALSE(spec);
  EXPECT_EQ(spec.error().message(), GetParam().message);
}

constexpr const char* kModeMessage =
    "spec.mode: must be a string of 3 or 4 octal digits, in quotes (\"0644\"): YAML reads the bare number "
    "differently";

INSTANTIATE_TEST_SUITE_P(
    Table, FileSpecRefuses,
    testing::Values(
        BadFile{"NoPath", R"({"content": ""})", "spec.path: this field is required and missing"},
        BadFile{"RelativePath", R"({"path": "../../etc/passwd", "content": ""})",
                "spec.path: \"../../etc/passwd\" is not absolute; a path on a node begins with '/'"},
        BadFile{"NoContent", R"({"path": "/a"})",
                "spec: one of content and contentFrom must be given (an empty file is content: \"\")"},
        BadFile{
            "TwoContents",
            R"({"path": "/a", "content": "", "contentFrom": {"configMapKeyRef": {"name": "m", "key": "k"}}})",
            "spec: only one of content and contentFrom must be given"},
        BadFile{"ModeIsDecimal", R"({"path": "/a", "content": "", "mode": 420})", kModeMessage},
        BadFile{
            "ModeIsShort", R"({"path": "/a", "content": "", "mode": "64"})",
            "spec.mode: \"64\" must be a string of 3 or 4 octal digits, in quotes (\"0644\"): YAML reads the "
            "bare number differently"},
        BadFile{
            "ModeIsNotOctal", R"({"path": "/a", "content": "", "mode": "0648"})",
            "spec.mode: \"0648\" must be a string of 3 or 4 octal digits, in quotes (\"0644\"): YAML reads "
            "the bare number differently"},
        BadFile{"OwnerIsANumber", R"({"path": "/a", "content": "", "owner": 0})",
                "spec.owner: must be a string; put it in quotes"},
        BadFile{"OwnerIsNoName", R"({"path": "/a", "content": "", "owner": "a b"})",
                "spec.owner: \"a b\" is not the name or number of a user"},
        BadFile{"GroupIsNobodysNumber", R"({"path": "/a", "content": "", "group": "4294967295"})",
                "spec.group: \"4294967295\" is not the number of a group"},
        BadFile{"RefWithoutKey", R"({"path": "/a", "contentFrom": {"configMapKeyRef": {"name": "m"}}})",
                "spec.contentFrom.configMapKeyRef.key: this field is required and missing"},
        BadFile{"RefOfBoth",
                R"({"path": "/a", "contentFrom": {"secretKeyRef": {"name": "m", "key": "k"},
                    "configMapKeyRef": {"name": "m", "key": "k"}}})",
                "spec.contentFrom: only one of configMapKeyRef and secretKeyRef may be given"},
        BadFile{"Misspelt", R"({"pth": "/a", "content": ""})",
                "spec: unknown field \"pth\"; did you mean \"path\"?"},
        BadFile{"SpecIsAList", "[]", "spec: must be an object, not a list"}),
    [](const auto& row) { return row.param.name; });

TEST(FileSpec, SourceIsUnsupportedAndSaysWhatToDo) {
  const auto spec = parse(R"({"path": "/a", "source": {"url": "https://example.com/a"}})");
  ASSERT_FALSE(spec);
  EXPECT_EQ(spec.error().code(), Code::kUnsupported);
  EXPECT_EQ(spec.error().message(),
            "spec.source: this release cannot download; put the content into spec.content or a ConfigMap");
}

TEST(FileSpec, ContentIsBounded) {
  const auto with_content = [](std::size_t bytes) {
    return parse_file_spec({{"spec", {{"path", "/a"}, {"content", std::string(bytes, 'x')}}}});
  };
  EXPECT_TRUE(with_content(base::limits::kFileContentBytesMax));
  EXPECT_EQ(with_content(base::limits::kFileContentBytesMax + 1).error().message(),
            "spec.content: 4194305 bytes; at most 4194304 are allowed");
}

}  // namespace
}  // namespace holdfast::sync
