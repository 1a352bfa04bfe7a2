// SPDX-License-Identifier: Apache-2.0
// holdfast render and validate, on folders on the disk.
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "hub/cli/fake_person.hpp"

namespace holdfast::cli {
namespace {

using base::Json;

constexpr const char* kMotd =
    "apiVersion: holdfast.dev/v1\nkind: File\nmetadata: {name: motd}\n"
    "spec: {path: /etc/motd, content: \"at {{ .node.labels.site }}\"}\n";
constexpr const char* kPlain =
    "apiVersion: holdfast.dev/v1\nkind: File\nmetadata: {name: a}\nspec: {path: /etc/a, content: \"{{ "
    ".app.name }}\"}\n";
constexpr const char* kApplication =
    "apiVersion: holdfast.dev/v1\nkind: Application\nmetadata: {name: web}\n"
    "spec: {source: {repoURL: \"https://git.example.com/a.git\", path: apps/web}}\n";
constexpr const char* kNode =
    "apiVersion: holdfast.dev/v1\nkind: Node\nmetadata: {name: n-1, labels: {site: home}}\nstatus: {facts: "
    "{arch: arm64}}\n";

std::string folder_of(const std::string& file) { return file.substr(0, file.rfind('/')); }

TEST(Render, ShowsWhatANodeWouldGet) {
  FakePerson person;
  const auto folder = folder_of(person.writes("web/motd.yaml", kMotd));
  const auto node = person.writes("node.yaml", kNode);
  EXPECT_EQ(person.types({"render", folder, "--node", node, "-o", "json"}), ExitCode::kDone) << person.err();
  const auto items = Json::parse(person.out()).at("items");
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items.at(0).at("spec").at("content"), "at home");
  EXPECT_TRUE(person.asked().empty()) << "it needs no hub";
}

TEST(Render, AsYamlNamesFileAndLine) {
  FakePerson person;
  const auto folder = folder_of(person.writes("web/a.yaml", kPlain));
  EXPECT_EQ(person.types({"render", folder}), ExitCode::kDone) << person.err();
  EXPECT_TRUE(person.out().starts_with("---\n# " + folder + "/a.yaml:1\napiVersion: holdfast.dev/v1\n"))
      << person.out();
  EXPECT_NE(person.out().find("content: web\n"), std::string::npos)
      << "the folder's name stands for the application's";
  EXPECT_EQ(person.types({"render", folder, "--app", "other"}), ExitCode::kDone);
  EXPECT_NE(person.out().find("content: other\n"), std::string::npos);
}

TEST(Render, BuildsAKustomizationWithWhatItNamesElsewhere) {
  FakePerson person;
  const auto overlay =
      folder_of(person.writes("prod/kustomization.yaml", "resources: [../base]\nnamePrefix: p-\n"));
  const auto base = folder_of(person.writes("base/kustomization.yaml", "resources: [a.yaml]\n"));
  person.writes("base/a.yaml", kPlain);
  EXPECT_EQ(person.types({"render", overlay, "--app", "web"}), ExitCode::kDone) << person.err();
  EXPECT_NE(person.out().find("name: p-a\n"), std::string::npos) << person.out();
  EXPECT_NE(person.out().find("base/a.yaml:1\n"), std::string::npos) << person.out();
  person.writes("base/kustomization.yaml", "resources: [b.yaml]\n");
  EXPECT_EQ(person.types({"validate", overlay}), ExitCode::kFailed);
  EXPECT_NE((person.out() + person.err()).find("base/kustomization.yaml:1: resources[0]: "),
            std::string::npos)
      << person.out() << person.err();
}

TEST(Render, AsATable) {
  FakePerson person;
  const auto folder = folder_of(person.writes("web/a.yaml", kPlain));
  EXPECT_EQ(person.types({"render", folder + "/", "-o", "table"}), ExitCode::kDone);
  EXPECT_NE(person.out().find("File/a     0      " + folder + "/a.yaml:1\n"), std::string::npos)
      << person.out();
}

TEST(Render, OfTemplatesThatReadANodeAsksForOne) {
  FakePerson person;
  const auto folder = folder_of(person.writes("web/motd.yaml", kMotd));
  EXPECT_EQ(person.types({"render", folder}), ExitCode::kFailed);
  EXPECT_NE(person.err().find("read a node: give one with --node FILE"), std::string::npos) << person.err();
}

TEST(Render, LeavesOutWhatTheHubKeeps) {
  FakePerson person;
  person.writes("root/app.yaml", kApplication);
  const auto folder = folder_of(person.writes("root/a.yaml", kPlain));
  EXPECT_EQ(person.types({"render", folder, "-o", "json"}), ExitCode::kDone) << person.err();
  EXPECT_EQ(Json::parse(person.out()).at("items").size(), 1U);
  EXPECT_EQ(person.err(), "holdfast: 1 object is kept by the hub itself and not shown\n");
}

TEST(Render, OfSomethingBrokenShowsNothingButWhy) {
  FakePerson person;
  const auto folder = folder_of(person.writes("web/a.yaml", "kind: File\n"));
  EXPECT_EQ(person.types({"render", folder}), ExitCode::kFailed);
  EXPECT_EQ(person.out(), "");
  EXPECT_NE(person.err().find(folder + "/a.yaml:1"), std::string::npos) << person.err();
}

TEST(Validate, SaysThatAllIsGood) {
  FakePerson person;
  person.writes("web/.hidden.yaml", "not: [yaml");
  person.writes("web/README.md", "# text");
  person.writes("web/more/motd.yaml", kMotd);
  const auto folder = folder_of(person.writes("web/a.yaml", kPlain));
  EXPECT_EQ(person.types({"validate", folder}), ExitCode::kDone) << person.out();
  EXPECT_EQ(person.out(), "");
  EXPECT_EQ(person.err(), folder + ": 2 manifests are good\n");
}

TEST(Validate, NamesFileLineResourceAndField) {
  FakePerson person;
  const auto folder = folder_of(person.writes(
      "web/a.yaml",
      "apiVersion: holdfast.dev/v1\nkind: File\nmetadata: {name: a}\nspec:\n  path: etc/a\n  content: x\n"));
  EXPECT_EQ(person.types({"validate", folder}), ExitCode::kFailed);
  EXPECT_TRUE(person.out().starts_with(folder + "/a.yaml:5: File/a: spec.path: ")) << person.out();
}

TEST(Validate, AsJsonForTools) {
  FakePerson person;
  const auto folder = folder_of(person.writes("web/a.yaml", "kind: File\n"));
  EXPECT_EQ(person.types({"validate", folder, "-o", "json"}), ExitCode::kFailed);
  const auto finding = Json::parse(person.out()).at("items").at(0);
  EXPECT_EQ(finding.at("severity"), "error");
  EXPECT_EQ(finding.at("file"), folder + "/a.yaml");
  EXPECT_EQ(finding.at("line"), 1);
}

TEST(Validate, ForANodeChecksItsValuesToo) {
  FakePerson person;
  const auto folder = folder_of(person.writes("web/motd.yaml", kMotd));
  const auto node = person.writes("node.yaml", "kind: Node\nmetadata: {name: n-1}\n");
  EXPECT_EQ(person.types({"validate", folder}), ExitCode::kDone) << person.out();
  EXPECT_EQ(person.types({"validate", folder, "--node", node}), ExitCode::kFailed);
  EXPECT_NE(person.out().find("site"), std::string::npos) << person.out();
}

TEST(Validate, RefusesWhatTheHubWouldRefuse) {
  FakePerson person;
  const auto file = person.writes("web/a.yaml", kPlain);
  ASSERT_EQ(symlink("/etc/passwd", (folder_of(file) + "/b.yaml").c_str()), 0);
  EXPECT_EQ(person.types({"validate", folder_of(file)}), ExitCode::kFailed);
  EXPECT_NE(person.err().find("b.yaml: a symbolic link"), std::string::npos) << person.err();
}

struct BadPlace {
  const char* name;
  const char* folder;
  const char* message;
};

class BadPlaces : public testing::TestWithParam<BadPlace> {};

TEST_P(BadPlaces, AreNamed) {
  FakePerson person;
  EXPECT_EQ(person.types({"validate", GetParam().folder}), ExitCode::kFailed);
  EXPECT_NE(person.err().find(GetParam().message), std::string::npos) << person.err();
}

INSTANTIATE_TEST_SUITE_P(Table, BadPlaces,
                         testing::Values(BadPlace{"Missing", "/nonexistent/web", "/nonexistent/web"},
                                         BadPlace{"AFile", "/etc/passwd", "/etc/passwd: is not a folder"},
                                         BadPlace{"NothingInIt", "/proc/self/task/..//fdinfo",
                                                  "there is no .yaml, .yml or .json file"}),
                         [](const auto& row) { return row.param.name; });

TEST(Render, ANodeFileMustBeOne) {
  FakePerson person;
  const auto folder = folder_of(person.writes("web/a.yaml", kPlain));
  EXPECT_EQ(person.types({"render", folder, "--node", person.writes("x.yaml", kApplication)}),
            ExitCode::kFailed);
  EXPECT_NE(person.err().find("must be a Node with metadata.name"), std::string::npos) << person.err();
}

}  // namespace
}  // namespace holdfast::cli
