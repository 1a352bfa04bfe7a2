// SPDX-License-Identifier: Apache-2.0
// Claims and the one form of a path.
#include "sync/model/claim.hpp"

#include <gtest/gtest.h>

#include "base/limits/model.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
namespace limits = base::limits;

struct GoodPath {
  const char* name;
  std::string path;
  std::string normal;
};
class PathTakes : public testing::TestWithParam<GoodPath> {};

TEST_P(PathTakes, AndGivesItsOneForm) {
  const auto normal = normal_path(GetParam().path);
  ASSERT_TRUE(normal) << normal.error().message();
  EXPECT_EQ(*normal, GetParam().normal);
  EXPECT_EQ(normal_path(*normal), GetParam().normal) << "the normal form is its own normal form";
}

const std::string kLongestPart = "/" + std::string(limits::kPathComponentLengthMax, 'a');

std::string longest_path() {
  std::string path;
  while (path.size() < limits::kPathLengthMax) path += "/aaaaaaaaaaaaaa";
  return path.substr(0, limits::kPathLengthMax);
}

INSTANTIATE_TEST_SUITE_P(Table, PathTakes,
                         testing::Values(GoodPath{"Plain", "/etc/motd", "/etc/motd"},
                                         GoodPath{"DoubleSlashAndDot", "/etc//a/./b", "/etc/a/b"},
                                         GoodPath{"ManySlashesFirst", "///etc/motd", "/etc/motd"},
                                         GoodPath{"DotsInNames", "/etc/..a/b../...", "/etc/..a/b../..."},
                                         GoodPath{"Space", "/srv/my file", "/srv/my file"},
                                         GoodPath{"Utf8", "/srv/größe", "/srv/größe"},
                                         GoodPath{"LongestComponent", kLongestPart, kLongestPart},
                                         GoodPath{"Longest", longest_path(), longest_path()}),
                         [](const auto& row) { return row.param.name; });

struct BadPath {
  const char* name;
  std::string path;
  Code code;
  const char* message;
};
class PathRefuses : public testing::TestWithParam<BadPath> {};

TEST_P(PathRefuses, AndSaysWhy) {
  const auto normal = normal_path(GetParam().path);
  ASSERT_FALSE(normal) << *normal;
  EXPECT_EQ(normal.error().code(), GetParam().code);
  EXPECT_EQ(normal.error().message(), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Table, PathRefuses,
    testing::Values(
        BadPath{"Empty", "", Code::kInvalid, "\"\" is not absolute; a path on a node begins with '/'"},
        BadPath{"Relative", "etc/motd", Code::kInvalid,
                "\"etc/motd\" is not absolute; a path on a node begins with '/'"},
        BadPath{"Upwards", "/srv/../../etc/passwd", Code::kInvalid,
                "\"/srv/../../etc/passwd\" holds \"..\"; write the path without it"},
        BadPath{"RelativeUpwards", "../../etc/passwd", Code::kInvalid,
                "\"../../etc/passwd\" is not absolute; a path on a node begins with '/'"},
        BadPath{"Nul", std::string("/etc\0/motd", 10), Code::kInvalid,
                "\"/etc?/motd\" holds a control character"},
        BadPath{"LineEnd", "/etc/a\nb", Code::kInvalid, "\"/etc/a?b\" holds a control character"},
        BadPath{"NotUtf8", "/etc/\xff", Code::kInvalid, "the path is not UTF-8"},
        BadPath{"Root", "/", Code::kInvalid, "\"/\" is the root folder itself"},
        BadPath{"RootInDisguise", "//./", Code::kInvalid, "\"//./\" is the root folder itself"},
        BadPath{"Folder", "/etc/", Code::kInvalid, "\"/etc/\" names a folder; name a file in it"},
        BadPath{"FolderByDot", "/etc/.", Code::kInvalid, "\"/etc/.\" names a folder; name a file in it"},
        BadPath{"TooLong", longest_path() + "a", Code::kLimit,
                "a path of 4096 bytes; at most 4095 are allowed"}),
    [](const auto& row) { return row.param.name; });

TEST(Path, ComponentOverTheLimitIsRefused) {
  const auto normal = normal_path(kLongestPart + "a");
  ASSERT_FALSE(normal);
  EXPECT_EQ(normal.error().code(), Code::kLimit);
}

TEST(Claim, ReadsWhatItWrites) {
  for (const char* text : {"path:/etc/motd", "path:/srv/a:b", "process:default/camera", "unit:ssh.service",
                           "container:web", "port:tcp/8080"}) {
    const auto claim = Claim::parse(text);
    ASSERT_TRUE(claim) << claim.error().message();
    EXPECT_EQ(claim->text(), text);
  }
}

TEST(Claim, IsRefusedUnlessInNormalForm) {
  for (const char* text : {"", "/etc/motd", "path:", "path:/etc//motd", "path:/etc/", "path:etc/motd",
                           "process:camera", "process:/camera", "process:a/b/c", "process:A/b",
                           "unit:", "unit:a b", "Path:/etc/motd", "thing:a"}) {
    EXPECT_FALSE(Claim::parse(text)) << text;
  }
}

TEST(Claim, ErrorNamesTheNormalForm) {
  EXPECT_EQ(Claim::parse("path:/etc//motd").error().message(),
            "\"/etc//motd\" is not in normal form, which is \"/etc/motd\"");
}

}  // namespace
}  // namespace holdfast::sync
