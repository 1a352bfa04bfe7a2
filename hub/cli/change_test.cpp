// SPDX-License-Identifier: Apache-2.0
// Commands that change objects: apply, delete, label, edit, token create.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file_io.hpp"
#include "base/json.hpp"
#include "hub/cli/fake_person.hpp"
#include "hub/cli/write_objects.hpp"

namespace holdfast::cli {
namespace {

using base::Json;

constexpr const char* kGetApp = "GET /apis/holdfast.dev/v1/applications/web";
constexpr const char* kPutApp = "PUT /apis/holdfast.dev/v1/applications/web";
constexpr const char* kPostApp = "POST /apis/holdfast.dev/v1/applications";
constexpr const char* kNotFound =
    R"({"kind":"Status","message":"applications \"web\" not found","code":404})";

constexpr const char* kWeb =
    "apiVersion: holdfast.dev/v1\nkind: Application\nmetadata: {name: web, labels: {team: a}}\n"
    "spec: {source: {repoURL: \"https://git.example.com/a.git\"}}\n";

/// As the hub has it when kWeb is applied.
Json present() {
  return {
      {"apiVersion", "holdfast.dev/v1"},
      {"kind", "Application"},
      {"metadata",
       {{"name", "web"}, {"uid", "u"}, {"resourceVersion", "5"}, {"labels", {{"team", "a"}, {"own", "x"}}}}},
      {"spec", {{"source", {{"repoURL", "https://git.example.com/a.git"}}}}},
      {"status", {{"sync", "Synced"}}}};
}

// ---- apply ----

TEST(Apply, CreatesWhatIsNotThere) {
  FakePerson person;
  person.hub.answer(kGetApp, 404, kNotFound);
  person.hub.answer(kPostApp, 201, "{}");
  EXPECT_EQ(person.types({"apply", "-f", person.writes("web.yaml", kWeb)}), ExitCode::kDone) << person.err();
  EXPECT_EQ(person.out(), "application.holdfast.dev/web created\n");
  EXPECT_EQ(Json::parse(person.hub.last_request().body).at("spec"), present().at("spec"));
}

TEST(Apply, ChangesWhatDiffersAndKeepsWhatOthersSet) {
  FakePerson person;
  auto other = present();
  other["spec"]["source"]["repoURL"] = "https://git.example.com/old.git";
  other["metadata"]["labels"]["team"] = "b";
  person.hub.answer(kGetApp, other.dump());
  person.hub.answer(kPutApp, R"({"metadata":{"resourceVersion":"6"}})");
  person.console.in.str(kWeb);
  EXPECT_EQ(person.types({"apply", "-f", "-"}), ExitCode::kDone) << person.err();
  EXPECT_EQ(person.out(), "application.holdfast.dev/web configured\n");
  EXPECT_EQ(Json::parse(person.hub.last_request().body), present());
}

TEST(Apply, WritesNothingWhereNothingDiffers) {
  FakePerson person;
  person.hub.answer(kGetApp, present().dump());
  EXPECT_EQ(person.types({"apply", "-f", person.writes("web.yaml", kWeb)}), ExitCode::kDone);
  EXPECT_EQ(person.out(), "application.holdfast.dev/web unchanged\n");
  EXPECT_EQ(person.asked(), std::vector<std::string>{"GET /apis/holdfast.dev/v1/applications/web"});
}

TEST(Apply, TakesSeveralDocumentsAndLists) {
  FakePerson person;
  person.hub.answer("GET /apis/holdfast.dev/v1/projects/a", 404, "{}");
  person.hub.answer("GET /apis/holdfast.dev/v1/projects/b", 404, "{}");
  person.hub.answer("GET /apis/holdfast.dev/v1/projects/c", 404, "{}");
  person.hub.answer("POST /apis/holdfast.dev/v1/projects", 201, "{}");
  const std::string project = "apiVersion: holdfast.dev/v1, kind: Project, metadata: {name: ";
  const auto text = "{" + project + "a}}\n---\nkind: List\napiVersion: v1\nitems:\n- {" + project +
                    "b}}\n- {" + project + "c}}\n";
  EXPECT_EQ(person.types({"apply", "-f", person.writes("a.yaml", text)}), ExitCode::kDone) << person.err();
  EXPECT_EQ(
      person.out(),
      "project.holdfast.dev/a created\nproject.holdfast.dev/b created\nproject.holdfast.dev/c created\n");
}

TEST(Apply, TriesAgainWhenSomebodyElseWasFaster) {
  FakePerson person;
  auto other = present();
  other["spec"] = Json::object();
  person.hub.answer(kGetApp, other.dump());
  person.hub.answer(kPutApp, 409, R"({"message":"the object has been modified"})");
  person.hub.answer(kPutApp, R"({"metadata":{"resourceVersion":"7"}})");
  EXPECT_EQ(person.types({"apply", "-f", person.writes("web.yaml", kWeb)}), ExitCode::kDone) << person.err();
  EXPECT_EQ(person.asked().size(), 4U);
}

TEST(Apply, GivesUpWhenItIsAlwaysTooLate) {
  FakePerson person;
  auto other = present();
  other["spec"] = Json::object();
  person.hub.answer(kGetApp, other.dump());
  person.hub.answer(kPutApp, 409, R"({"message":"the object has been modified"})");
  EXPECT_EQ(person.types({"apply", "-f", person.writes("web.yaml", kWeb)}), ExitCode::kFailed);
  EXPECT_NE(person.err().find("web.yaml:1: the object has been modified"), std::string::npos) << person.err();
}

TEST(Apply, OneThatIsRefusedDoesNotKeepBackTheOthers) {
  FakePerson person;
  person.hub.answer(kGetApp, 404, kNotFound);
  person.hub.answer(kPostApp, 422, R"({"message":"spec.source.repoURL: is missing"})");
  person.hub.answer("GET /apis/holdfast.dev/v1/projects/p", 404, "{}");
  person.hub.answer("POST /apis/holdfast.dev/v1/projects", 201, "{}");
  const auto project =
      person.writes("p.yaml", "apiVersion: holdfast.dev/v1\nkind: Project\nmetadata: {name: p}\n");
  EXPECT_EQ(person.types({"apply", "-f", person.writes("web.yaml", kWeb), "-f", project}), ExitCode::kFailed);
  EXPECT_EQ(person.out(), "project.holdfast.dev/p created\n");
  EXPECT_NE(person.err().find("web.yaml:1: spec.source.repoURL: is missing"), std::string::npos)
      << person.err();
}

struct BadFile {
  const char* name;
  const char* text;
  const char* message;
};

class ApplyRefuses : public testing::TestWithParam<BadFile> {};

TEST_P(ApplyRefuses, AndAsksTheHubNothing) {
  FakePerson person;
  EXPECT_EQ(person.types({"apply", "-f", person.writes("f.yaml", GetParam().text)}), ExitCode::kFailed);
  EXPECT_NE(person.err().find(GetParam().message), std::string::npos) << person.err();
  EXPECT_TRUE(person.asked().empty());
}

INSTANTIATE_TEST_SUITE_P(
    Table, ApplyRefuses,
    testing::Values(
        BadFile{"Empty", "# nothing\n", "f.yaml: holds no object"},
        BadFile{"NoYaml", "a: b\nc: [\n", "f.yaml:"},
        BadFile{"Scalar", "hello\n", "f.yaml:1: must be an object"},
        BadFile{"NoName", "apiVersion: holdfast.dev/v1\nkind: Project\n",
                "f.yaml:1: metadata.name: is missing"},
        BadFile{"NodeKind", "apiVersion: holdfast.dev/v1\nkind: File\nmetadata: {name: a}\n",
                "is committed to Git"},
        BadFile{"OtherGroup", "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\n",
                "the hub keeps no argoproj.io/v1alpha1 Application"},
        BadFile{"Token", "apiVersion: holdfast.dev/v1\nkind: EnrollmentToken\nmetadata: {name: a}\n",
                "use `holdfast token create`"},
        BadFile{"Event", "apiVersion: holdfast.dev/v1\nkind: Event\nmetadata: {name: a}\n",
                "events are written by the hub only"},
        BadFile{"SecondIsBad",
                "apiVersion: holdfast.dev/v1\nkind: Project\nmetadata: {name: a}\n---\nkind: Pod\n",
                "f.yaml:5: the hub keeps no"}),
    [](const auto& row) { return row.param.name; });

TEST(Apply, OfAFileThatIsNotThereNamesIt) {
  FakePerson person;
  EXPECT_EQ(person.types({"apply", "-f", "/nonexistent/web.yaml"}), ExitCode::kFailed);
  EXPECT_NE(person.err().find("/nonexistent/web.yaml"), std::string::npos);
}

// ---- delete ----

TEST(Delete, RemovesEachByName) {
  FakePerson person;
  person.hub.answer("DELETE /apis/holdfast.dev/v1/nodes/a", "{}");
  person.hub.answer("DELETE /apis/holdfast.dev/v1/nodes/b", "{}");
  EXPECT_EQ(person.types({"delete", "nodes", "a", "b"}), ExitCode::kDone);
  EXPECT_EQ(person.out(), "node.holdfast.dev/a deleted\nnode.holdfast.dev/b deleted\n");
}

TEST(Delete, SaysWhenSomethingMustHappenFirst) {
  FakePerson person;
  person.hub.answer(
      "DELETE /apis/holdfast.dev/v1/applications/web",
      R"({"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z","finalizers":["resources-finalizer.argocd.argoproj.io"]}})");
  EXPECT_EQ(person.types({"delete", "app/web"}), ExitCode::kDone);
  EXPECT_EQ(
      person.out(),
      "application.holdfast.dev/web is being deleted: it goes when its resources are gone from the nodes\n");
}

TEST(Delete, OneThatFailsDoesNotKeepBackTheOthers) {
  FakePerson person;
  person.hub.answer("DELETE /apis/holdfast.dev/v1/nodes/a", 404, R"({"message":"nodes \"a\" not found"})");
  person.hub.answer("DELETE /apis/holdfast.dev/v1/nodes/b", "{}");
  EXPECT_EQ(person.types({"delete", "nodes", "a", "b"}), ExitCode::kFailed);
  EXPECT_EQ(person.out(), "node.holdfast.dev/b deleted\n");
  EXPECT_NE(person.err().find("nodes \"a\" not found"), std::string::npos);
}

// ---- label ----

TEST(Label, SetsAndTakesAway) {
  FakePerson person;
  person.hub.answer("PATCH /apis/holdfast.dev/v1/nodes/n-1", "{}");
  EXPECT_EQ(person.types({"label", "node", "n-1", "role=camera", "example.com/spare-"}), ExitCode::kDone)
      << person.err();
  EXPECT_EQ(person.out(), "node.holdfast.dev/n-1 labeled\n");
  EXPECT_EQ(person.hub.last_request().content_type, "application/merge-patch+json");
  EXPECT_EQ(Json::parse(person.hub.last_request().body),
            (Json{{"metadata", {{"labels", {{"role", "camera"}, {"example.com/spare", nullptr}}}}}}));
}

TEST(Label, TakesSeveralNamesAndTheOtherSpelling) {
  FakePerson person;
  person.hub.answer("PATCH /apis/holdfast.dev/v1/nodes/a", "{}");
  person.hub.answer("PATCH /apis/holdfast.dev/v1/nodes/b", "{}");
  EXPECT_EQ(person.types({"label", "node/a", "b", "role=", "--overwrite"}), ExitCode::kDone) << person.err();
  EXPECT_EQ(person.out(), "node.holdfast.dev/a labeled\nnode.holdfast.dev/b labeled\n");
}

// ---- edit ----

/// An editor that does this to the text.
void edits(FakePerson& person, const std::function<std::string(const std::string&)>& change) {
  person.console.program = [change](const std::vector<std::string>& command) -> base::Status {
    const auto text = base::read_file(command.back(), 1U << 20U);
    return base::write_file(command.back(), change(*text), 0600);
  };
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

TEST(Edit, WritesBackWhatTheEditorLeft) {
  FakePerson person;
  person.console.variables["EDITOR"] = "code --wait";
  person.hub.answer(kGetApp, present().dump());
  person.hub.answer(kPutApp, "{}");
  edits(person, [](const std::string& text) { return replaced(text, "team: a", "team: b"); });
  EXPECT_EQ(person.types({"edit", "application", "web"}), ExitCode::kDone) << person.err();
  EXPECT_EQ(person.out(), "application.holdfast.dev/web edited\n");
  auto expected = present();
  expected["metadata"]["labels"]["team"] = "b";
  EXPECT_EQ(Json::parse(person.hub.last_request().body), expected);
  ASSERT_EQ(person.console.programs.size(), 1U);
  const auto& command = person.console.programs.front();
  EXPECT_EQ((std::vector<std::string>{command[0], command[1]}), (std::vector<std::string>{"code", "--wait"}));
  EXPECT_FALSE(base::read_file(command.back(), 1U << 20U)) << "the draft is gone";
}

TEST(Edit, AShellIsNeverAsked) {
  FakePerson person;
  person.console.variables["EDITOR"] = "vi;rm -rf /";
  person.hub.answer(kGetApp, present().dump());
  EXPECT_EQ(person.types({"edit", "app", "web"}), ExitCode::kDone);
  EXPECT_EQ(person.console.programs.front().front(), "vi;rm");
}

TEST(Edit, OfNothingWritesNothing) {
  FakePerson person;
  person.hub.answer(kGetApp, present().dump());
  EXPECT_EQ(person.types({"edit", "app", "web"}), ExitCode::kDone);
  EXPECT_EQ(person.err(), "holdfast: nothing was changed\n");
  EXPECT_EQ(person.asked().size(), 1U);
}

TEST(Edit, OpensAgainWithTheReasonAndKeepsWhatWasWritten) {
  FakePerson person;
  person.hub.answer(kGetApp, present().dump());
  person.hub.answer(kPutApp, 422, R"({"message":"spec.source.path: must not be empty"})");
  person.hub.answer(kPutApp, "{}");
  std::vector<std::string> seen;
  edits(person, [&seen](const std::string& text) {
    seen.push_back(text);
    return seen.size() == 1 ? replaced(text, "team: a", "team: b") : replaced(text, "team: b", "team: c");
  });
  EXPECT_EQ(person.types({"edit", "app", "web"}), ExitCode::kDone) << person.err();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_NE(seen[1].find("# NOT WRITTEN: spec.source.path: must not be empty\n"), std::string::npos)
      << seen[1];
  EXPECT_NE(seen[1].find("team: b"), std::string::npos);
  EXPECT_EQ(Json::parse(person.hub.last_request().body).at("metadata").at("labels").at("team"), "c");
}

TEST(Edit, LeftAsItWasAfterARefusalKeepsTheDraft) {
  FakePerson person;
  person.hub.answer(kGetApp, present().dump());
  edits(person, [](const std::string& text) { return replaced(text, "team: a", "team: [a"); });
  EXPECT_EQ(person.types({"edit", "app", "web"}), ExitCode::kFailed);
  EXPECT_NE(person.err().find("what you wrote is kept in "), std::string::npos) << person.err();
  const auto draft = base::read_file(person.console.programs.front().back(), 1U << 20U);
  ASSERT_TRUE(draft);
  EXPECT_NE(draft->find("team: [a"), std::string::npos);
}

TEST(Edit, MayNotBecomeAnotherObject) {
  FakePerson person;
  person.hub.answer(kGetApp, present().dump());
  int opened = 0;
  std::string second;
  edits(person, [&](const std::string& text) {
    if (++opened == 2) second = text;
    return opened == 1 ? replaced(text, "name: web", "name: other") : text;
  });
  EXPECT_EQ(person.types({"edit", "app", "web"}), ExitCode::kFailed);
  EXPECT_NE(second.find("this must stay the one Application web"), std::string::npos) << second;
  EXPECT_EQ(person.asked().size(), 1U);
}

TEST(Edit, AnEditorThatFailsIsToldOf) {
  FakePerson person;
  person.hub.answer(kGetApp, present().dump());
  person.console.program = [](const std::vector<std::string>&) -> base::Status {
    return base::fail(base::Code::kNotFound, "cannot start vi");
  };
  EXPECT_EQ(person.types({"edit", "app", "web"}), ExitCode::kFailed);
  EXPECT_EQ(person.err(), "holdfast: the editor (EDITOR names it): cannot start vi\n");
}

// ---- token create ----

constexpr const char* kTokens = "POST /apis/holdfast.dev/v1/enrollmenttokens";
constexpr const char* kToken =
    R"({"metadata":{"name":"token-x"},"spec":{"uses":3,"expiresAt":"2026-01-01T01:00:00Z"},"status":{"token":"token-x.abc",
        "hub":"https://hub:8443","caSha256":"ff","command":"holdfast-agent enroll --hub https://hub:8443 --token token-x.abc"}})";

TEST(TokenCreate, ShowsTheTokenAndTheWholeLine) {
  FakePerson person;
  person.hub.answer(kTokens, 201, kToken);
  EXPECT_EQ(person.types({"token", "create", "--ttl", "1h", "--label", "role=camera", "--label", "site=a",
                          "--uses", "3"}),
            ExitCode::kDone)
      << person.err();
  EXPECT_EQ(person.out(),
            "token: token-x.abc\n\n"
            "It enrols 3 machines, until 2026-01-01T01:00:00Z, and is shown this once. On the machine:\n\n"
            "  holdfast-agent enroll --hub https://hub:8443 --token token-x.abc\n");
  EXPECT_EQ(Json::parse(person.hub.last_request().body),
            (Json{{"apiVersion", "holdfast.dev/v1"},
                  {"kind", "EnrollmentToken"},
                  {"spec", {{"ttl", "1h"}, {"uses", 3}, {"labels", {{"role", "camera"}, {"site", "a"}}}}}}));
}

TEST(TokenCreate, AsJsonForScripts) {
  FakePerson person;
  person.hub.answer(kTokens, 201, kToken);
  EXPECT_EQ(person.types({"token", "create", "-o", "json"}), ExitCode::kDone);
  const auto told = Json::parse(person.out());
  EXPECT_EQ(told.at("token"), "token-x.abc");
  EXPECT_EQ(told.at("hub"), "https://hub:8443");
  EXPECT_EQ(told.at("caSha256"), "ff");
  EXPECT_EQ(told.at("command"), "holdfast-agent enroll --hub https://hub:8443 --token token-x.abc");
  EXPECT_EQ(Json::parse(person.hub.last_request().body).at("spec"), Json::object());
}

TEST(TokenCreate, TakesSerialsFromAFileAsEditorsWriteIt) {
  FakePerson person;
  person.hub.answer(kTokens, 201, kToken);
  const auto file = person.writes("serials.txt",
                                  "\xEF\xBB\xBF"
                                  "1421821012345\r\n\n# the second rack\n  1421821012346\n");
  EXPECT_EQ(person.types({"token", "create", "--serials", file}), ExitCode::kDone) << person.err();
  EXPECT_EQ(Json::parse(person.hub.last_request().body).at("spec").at("serials"),
            Json({"1421821012345", "1421821012346"}));
}

TEST(TokenCreate, RefusesSerialsThatNoMachineCouldSayAndAsksTheHubNothing) {
  using namespace std::string_literals;
  const std::vector<std::pair<std::string, std::string>> table{
      {"\xFF\xFE"
       "1\0004\0002\000\n\000"s,
       "line 1: must be one serial as UTF-8 text"},
      {"1421821012345\n1\0004\0002\000\n"s, "line 2: must be one serial as UTF-8 text"},
      {"# nobody\n", "names no machine"},
  };
  for (const auto& [content, problem] : table) {
    FakePerson person;
    const auto file = person.writes("serials.txt", content);
    EXPECT_NE(person.types({"token", "create", "--serials", file}), ExitCode::kDone);
    EXPECT_NE(person.err().find("--serials: " + file + ": " + problem), std::string::npos) << person.err();
  }
}

TEST(TokenCreate, WordsThatAreNoTextAreNamed) {
  FakePerson person;
  EXPECT_EQ(person.types({"token", "create", "--replace", "\xff"}), ExitCode::kUsedWrongly);
  EXPECT_EQ(
      person.err(),
      "holdfast: the word after --replace is not UTF-8: type it so; a file or folder with such a name has to "
      "be renamed\n");
}

TEST(TokenCreate, WithoutATokenInTheAnswerFails) {
  FakePerson person;
  person.hub.answer(kTokens, 201, R"({"metadata":{"name":"token-x"}})");
  EXPECT_EQ(person.types({"token", "create"}), ExitCode::kFailed);
}

}  // namespace
}  // namespace holdfast::cli
