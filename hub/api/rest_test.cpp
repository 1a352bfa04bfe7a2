// SPDX-License-Identifier: Apache-2.0
#include "hub/api/rest.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/fake_clock.hpp"
#include "base/fake_random.hpp"
#include "base/limits/hub.hpp"
#include "hub/json_path.hpp"
#include "hub/tables.hpp"
#include "sync/store/fake_store.hpp"

namespace holdfast::hub {
namespace {

using base::Json;

class RestTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(objects.load()); }

  ApiResponse ask(const std::string& method, const std::string& path, const Json& body = nullptr,
                  std::map<std::string, std::string> query = {}, const std::string& accept = {}) {
    ApiRequest request;
    request.method = method;
    request.path = "/apis/holdfast.dev/v1/" + path;
    request.query = std::move(query);
    request.accept = accept;
    request.content_type = method == "PATCH" ? "application/merge-patch+json" : "application/json";
    if (!body.is_null()) request.body = body.dump();
    const auto what = parse_object_path(request.path);
    return what ? rest.serve(request, *what) : error_answer(404, "NotFound", "no such path");
  }
  static Json node(const std::string& name, const std::string& role) {
    return {{"apiVersion", "holdfast.dev/v1"},
            {"kind", "Node"},
            {"metadata", {{"name", name}, {"labels", {{"role", role}}}}},
            {"spec", {{"uid", "uid-" + name}}}};
  }

  /// As enrolment does.
  void add(const Json& node) { ASSERT_TRUE(objects.create(kNodes, node, Actor::kHub)); }
  static Json project(const std::string& name) {
    return {{"apiVersion", "holdfast.dev/v1"},
            {"kind", "Project"},
            {"metadata", {{"name", name}}},
            {"spec", {{"description", "first"}}}};
  }

  base::FakeClock clock;
  base::FakeRandom random{1};
  sync::FakeStore store{{kHubTables.begin(), kHubTables.end()}};
  Objects objects{{clock, random, store}};
  Rest rest{objects, clock};
};

TEST_F(RestTest, CreatesReadsUpdatesAndDeletes) {
  EXPECT_EQ(ask("POST", "projects", project("a")).status, 201);
  auto read = Json::parse(ask("GET", "projects/a").body);
  EXPECT_EQ(read["spec"]["description"], "first");
  read["spec"]["description"] = "second";
  EXPECT_EQ(ask("PUT", "projects/a", read).status, 200);
  EXPECT_EQ(ask("PUT", "projects/a", read).status, 409) << "read before somebody else's change";
  EXPECT_EQ(ask("PATCH", "projects/a", {{"metadata", {{"labels", {{"site", "x"}}}}}}).status, 200);
  read = Json::parse(ask("GET", "projects/a").body);
  EXPECT_EQ(read["metadata"]["labels"], (Json{{"site", "x"}}));
  EXPECT_EQ(read["spec"]["description"], "second");
  EXPECT_EQ(ask("DELETE", "projects/a").status, 200);
  EXPECT_EQ(ask("GET", "projects/a").status, 404);
}

TEST_F(RestTest, ListsByLabels) {
  add(node("a", "camera"));
  add(node("b", "door"));
  const auto list = Json::parse(ask("GET", "nodes", nullptr, {{"labelSelector", "role=door"}}).body);
  EXPECT_EQ(list["kind"], "NodeList");
  ASSERT_EQ(list["items"].size(), 1U);
  EXPECT_EQ(list["items"][0]["metadata"]["name"], "b");
  EXPECT_EQ(ask("GET", "nodes", nullptr, {{"labelSelector", "((("}}).status, 400);
}

TEST_F(RestTest, AnswersATableToWhoAsksForOne) {
  add(node("a", "camera"));
  const auto table =
      Json::parse(ask("GET", "nodes", nullptr, {}, "application/json;as=Table;v=v1;g=meta.k8s.io").body);
  EXPECT_EQ(table["kind"], "Table");
  EXPECT_EQ(table["columnDefinitions"][0]["name"], "NAME");
  EXPECT_EQ(table["rows"][0]["cells"][0], "a");
}

TEST_F(RestTest, TheTableOfNodesSaysWhatElseAPersonShouldKnow) {
  add(node("a", "camera"));
  // As an agent tells them: some are well when True.
  const Json conditions{{{"type", "Ready"}, {"status", "True"}},
                        {{"type", "GenerationAhead"}, {"status", "True"}},
                        {{"type", "DeletesAllowed"}, {"status", "True"}},
                        {{"type", "StateVerified"}, {"status", "False"}},
                        {{"type", "DiskPressure"}, {"status", "False"}}};
  ASSERT_TRUE(objects.update_status(kNodes, "a", {{"conditions", conditions}}, Persist::kNow));
  const auto table =
      Json::parse(ask("GET", "nodes", nullptr, {}, "application/json;as=Table;v=v1;g=meta.k8s.io").body);
  std::map<std::string, Json> row;
  for (std::size_t i = 0; i < table["columnDefinitions"].size(); ++i)
    row[table["columnDefinitions"][i]["name"]] = table["rows"][0]["cells"][i];
  EXPECT_EQ(row["READY"], "True");
  EXPECT_EQ(row["CONDITIONS"], "GenerationAhead,!StateVerified");
}

TEST_F(RestTest, WatchesFromAVersionAndTellsWhatLeftTheSelection) {
  add(node("z", "door"));  // version 0 would mean "from now"
  const auto version = std::to_string(objects.version());
  add(node("a", "camera"));
  ask("PATCH", "nodes/a", {{"metadata", {{"labels", {{"role", "door"}}}}}});
  auto watch = ask("GET", "nodes", nullptr,
                   {{"watch", "1"}, {"resourceVersion", version}, {"labelSelector", "role=camera"}});
  ASSERT_TRUE(watch.stream);
  std::string lines;
  ASSERT_TRUE(watch.stream(lines));
  const auto end = lines.find('\n');
  EXPECT_EQ(Json::parse(lines.substr(0, end))["type"], "ADDED");
  EXPECT_EQ(Json::parse(lines.substr(end + 1))["type"], "DELETED");
}

TEST_F(RestTest, BeginsAWatchFromNowWithEverythingThereIs) {
  add(node("a", "camera"));
  auto watch = ask("GET", "nodes", nullptr, {{"watch", "true"}});
  std::string first;
  ASSERT_TRUE(watch.stream(first));
  EXPECT_EQ(Json::parse(first)["object"]["metadata"]["name"], "a");
}

TEST_F(RestTest, AWatchOfAQuietTypeOutlivesWhatHappensToOthers) {
  add(node("a", "camera"));
  auto watch = ask("GET", "projects", nullptr, {{"watch", "1"}});
  std::string piece;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < base::limits::kChangesKeptMax / 2; ++i)
      ASSERT_TRUE(objects.update_status(kNodes, "a", {{"round", round}, {"i", i}}, Persist::kSoon));
    ASSERT_TRUE(watch.stream(piece));
    EXPECT_EQ(piece, "");
  }
  ASSERT_EQ(ask("POST", "projects", project("p")).status, 201);
  ASSERT_TRUE(watch.stream(piece));
  EXPECT_EQ(Json::parse(piece)["type"], "ADDED");
}

TEST_F(RestTest, AWatchIsToldHowFarItIsThoughOthersChangeAllTheTime) {
  add(node("a", "camera"));
  auto watch = ask("GET", "projects", nullptr, {{"watch", "1"}, {"allowWatchBookmarks", "true"}});
  std::string piece;
  for (int minute = 0; minute < 3; ++minute) {
    clock.advance(std::chrono::minutes(1));
    ASSERT_TRUE(objects.update_status(kNodes, "a", {{"minute", minute}}, Persist::kSoon));
    piece.clear();
    ASSERT_TRUE(watch.stream(piece));
    const auto bookmark = Json::parse(piece, nullptr, false);
    ASSERT_TRUE(bookmark.is_object()) << piece;
    EXPECT_EQ(bookmark["type"], "BOOKMARK");
    EXPECT_EQ(bookmark["object"]["metadata"]["resourceVersion"], std::to_string(objects.version()));
  }
}

TEST_F(RestTest, AWatchMayEndWhileOthersChangeThings) {
  add(node("a", "camera"));
  std::atomic<bool> over = false;
  std::thread writer([&] {
    for (int i = 0; !over; ++i)
      static_cast<void>(objects.update_status(kNodes, "a", {{"i", i}}, Persist::kSoon));
  });
  std::string piece;
  for (int i = 0; i < 500; ++i) EXPECT_TRUE(ask("GET", "nodes", nullptr, {{"watch", "1"}}).stream(piece));
  over = true;
  writer.join();
}

TEST_F(RestTest, TriesOutAChangeWithoutMakingIt) {
  ask("POST", "projects", project("a"));
  const auto version = objects.version();
  const auto commits = store.commits();
  const std::map<std::string, std::string> dry{{"dryRun", "All"}};
  const auto created = ask("POST", "projects", project("b"), dry);
  EXPECT_EQ(created.status, 201);
  EXPECT_EQ(Json::parse(created.body)["metadata"]["name"], "b");
  EXPECT_EQ(ask("POST", "projects", project("a"), dry).status, 409) << "admission is not left out";
  const auto patched = ask("PATCH", "projects/a", {{"spec", {{"description", "new"}}}}, dry);
  EXPECT_EQ(Json::parse(patched.body)["spec"]["description"], "new");
  auto changed = project("a");
  changed["spec"]["description"] = "new";
  EXPECT_EQ(ask("PUT", "projects/a", changed, dry).status, 200);
  EXPECT_EQ(ask("DELETE", "projects/a", nullptr, dry).status, 200);
  EXPECT_EQ(ask("DELETE", "projects/a", {{"dryRun", {"All"}}}).status, 200) << "as kubectl sends it";
  EXPECT_EQ(objects.version(), version);
  EXPECT_EQ(store.commits(), commits);
  EXPECT_EQ(text_at(**objects.get(kProjects, "a"), "spec/description"), "first");
  EXPECT_EQ(ask("DELETE", "projects/a", nullptr, {{"dryRun", "None"}}).status, 400);
}

Json application(const std::string& name, const std::string& project, const std::string& repository) {
  return {{"apiVersion", "holdfast.dev/v1"},
          {"kind", "Application"},
          {"metadata", {{"name", name}}},
          {"spec", {{"project", project}, {"source", {{"repoURL", repository}, {"path", "apps"}}}}}};
}

TEST_F(RestTest, TakesAnApplicationOnlyIntoAProjectThatLetsItIn) {
  EXPECT_EQ(ask("POST", "applications", application("a", "default", "https://g/x.git")).status, 201)
      << "the default project needs no object";
  const auto missing = ask("POST", "applications", application("b", "vision", "https://g/x.git"));
  EXPECT_EQ(missing.status, 404);
  EXPECT_NE(missing.body.find("spec.project"), std::string::npos) << missing.body;
  auto vision = project("vision");
  vision["spec"]["sourceRepos"] = {"https://g/vision/*", "ssh://git@g/v.git"};
  ASSERT_EQ(ask("POST", "projects", vision).status, 201);
  EXPECT_EQ(ask("POST", "applications", application("b", "vision", "https://g/vision/x.git")).status, 201);
  EXPECT_EQ(ask("POST", "applications", application("c", "vision", "ssh://git@g/v.git")).status, 201);
  const auto foreign = ask("POST", "applications", application("d", "vision", "https://g/x.git"));
  EXPECT_EQ(foreign.status, 403);
  EXPECT_NE(foreign.body.find("sourceRepos"), std::string::npos) << foreign.body;
  EXPECT_EQ(ask("PATCH", "applications/a", {{"spec", {{"project", "vision"}}}}).status, 403);
  EXPECT_EQ(ask("DELETE", "projects/vision").status, 200);
  EXPECT_EQ(ask("PATCH", "applications/b", {{"metadata", {{"labels", {{"a", "b"}}}}}}).status, 200)
      << "its spec is as it was";
}

TEST_F(RestTest, RefusesWhatIsMisshapen) {
  ask("POST", "projects", project("a"));
  const std::vector<std::pair<std::string, Json>> table{
      {"DELETE", {{"preconditions", 5}}},
      {"DELETE", {{"preconditions", {{"uid", 5}}}}},
      {"DELETE", {{"dryRun", "All"}}},
      {"DELETE", Json::array()},
      {"PATCH", {{"metadata", 5}}},
      {"PATCH", {{"metadata", {{"labels", 5}}}}},
      {"PATCH", {{"metadata", {{"finalizers", {5}}}}}},
      {"PATCH", {{"spec", 5}}},
      {"PATCH", {{"apiVersion", 5}}},
      {"PATCH", {{"kind", nullptr}}},
      {"PUT", {{"apiVersion", "holdfast.dev/v1"}, {"kind", "Project"}}},
      {"PUT",
       {{"apiVersion", "holdfast.dev/v1"},
        {"kind", "Project"},
        {"metadata", {{"name", "a"}}},
        {"spec", {}},
        {"x", 1}}},
  };
  for (const auto& [method, body] : table) {
    const auto answer = ask(method, "projects/a", body);
    EXPECT_TRUE(answer.status == 400 || answer.status == 422) << method << " " << body << ": " << answer.body;
  }
  const auto bare =
      ask("PUT", "projects/a",
          {{"apiVersion", "holdfast.dev/v1"}, {"kind", "Project"}, {"metadata", {{"name", "a"}}}});
  EXPECT_EQ(bare.status, 200) << bare.body;
}

struct Wrong {
  const char* name;
  const char* method;
  const char* path;
  Json body;
  int status;
};

TEST_F(RestTest, RefusesWithTheStatusThatKubernetesUsersExpect) {
  add(node("a", "camera"));
  auto bad_spec = project("b");
  bad_spec["spec"]["colour"] = "red";
  ask("POST", "projects", project("a"));
  const std::vector<Wrong> table{
      {"created twice", "POST", "projects", project("a"), 409},
      {"unknown field", "POST", "projects", bad_spec, 422},
      {"nodes come by enrolment", "POST", "nodes", node("b", "x"), 403},
      {"not an object", "POST", "nodes", Json::array(), 400},
      {"unknown object", "PATCH", "nodes/zzz", Json::object(), 404},
      {"events are the hub's", "POST", "events", Json::object(), 405},
      {"status is the hub's", "PUT", "nodes/a/status", Json::object(), 404},
      {"a whole collection", "DELETE", "nodes", nullptr, 405},
  };
  for (const auto& row : table) {
    const auto answer = ask(row.method, row.path, row.body);
    EXPECT_EQ(answer.status, row.status) << row.name << ": " << answer.body;
    EXPECT_EQ(Json::parse(answer.body)["kind"], "Status") << row.name;
  }
}

TEST(ObjectPath, IsReadOrNotOurs) {
  EXPECT_EQ(parse_object_path("/apis/holdfast.dev/v1/nodes")->name, "");
  EXPECT_EQ(parse_object_path("/apis/holdfast.dev/v1/nodes/a/status")->subresource, "status");
  for (const char* path : {"/apis/holdfast.dev/v1/pods", "/api/v1/nodes", "/", "/apis/holdfast.dev/v1/"}) {
    EXPECT_FALSE(parse_object_path(path)) << path;
  }
}

}  // namespace
}  // namespace holdfast::hub
