// SPDX-License-Identifier: Apache-2.0
#include "hub/api/rest.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/fake_clock.hpp"
#include "base/fake_random.hpp"
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
