// SPDX-License-Identifier: Apache-2.0
// holdfast get: what it asks and what it prints.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "hub/cli/fake_person.hpp"

namespace holdfast::cli {
namespace {

using base::Json;

constexpr const char* kNodes = "GET /apis/holdfast.dev/v1/nodes";
constexpr const char* kNode = "GET /apis/holdfast.dev/v1/nodes/n-1";

Json row(const std::string& name, const std::string& health) {
  return {{"cells", {name, health, "uid-" + name}}, {"object", {{"metadata", {{"name", name}}}}}};
}

std::string table(const Json& rows, const std::string& version = "7") {
  return Json{{"kind", "Table"},
              {"metadata", {{"resourceVersion", version}}},
              {"columnDefinitions",
               {{{"name", "Name"}, {"priority", 0}},
                {{"name", "Health"}, {"priority", 0}},
                {{"name", "UID"}, {"priority", 1}}}},
              {"rows", rows}}
      .dump();
}

TEST(Get, PrintsTheColumnsThatTheHubGives) {
  FakePerson person;
  person.hub.answer(kNodes, table(Json::array({row("n-1", "Healthy"), row("n-2", "Degraded")})));
  EXPECT_EQ(person.types({"get", "nodes"}), ExitCode::kDone) << person.err();
  EXPECT_EQ(person.out(), "NAME   HEALTH\nn-1    Healthy\nn-2    Degraded\n");
  EXPECT_EQ(person.asked(), std::vector<std::string>{"GET /apis/holdfast.dev/v1/nodes"});
  EXPECT_EQ(person.hub.last_request().accept,
            "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
}

TEST(Get, WideAddsTheOtherColumns) {
  FakePerson person;
  person.hub.answer(kNodes, table(Json::array({row("n-1", "Healthy")})));
  EXPECT_EQ(person.types({"get", "no", "-o", "wide"}), ExitCode::kDone);
  EXPECT_EQ(person.out(), "NAME   HEALTH    UID\nn-1    Healthy   uid-n-1\n");
}

TEST(Get, ColoursOnATerminalAndHonoursNoColor) {
  FakePerson person;
  person.hub.answer(kNodes, table(Json::array({row("n-1", "Healthy")})));
  person.console.console.out_is_terminal = true;
  person.types({"get", "nodes"});
  EXPECT_NE(person.out().find("\x1b[32mHealthy\x1b[0m"), std::string::npos);
  person.console.variables["NO_COLOR"] = "1";
  person.types({"get", "nodes"});
  EXPECT_EQ(person.out().find('\x1b'), std::string::npos);
}

TEST(Get, SendsSelectorsAsTheyAreTyped) {
  FakePerson person;
  person.hub.answer(kNodes, table(Json::array({row("n-1", "Healthy")})));
  person.types({"get", "nodes", "-l", "role in (a,b),!old", "--field-selector", "metadata.name=n-1"});
  EXPECT_EQ(person.hub.last_request().target,
            "/apis/holdfast.dev/v1/"
            "nodes?labelSelector=role%20in%20%28a%2Cb%29%2C%21old&fieldSelector=metadata.name%3Dn-1");
}

TEST(Get, OfNothingSaysSoBesideTheOutput) {
  FakePerson person;
  person.hub.answer(kNodes, table(Json::array()));
  EXPECT_EQ(person.types({"get", "nodes"}), ExitCode::kDone);
  EXPECT_EQ(person.out(), "");
  EXPECT_EQ(person.err(), "No nodes found.\n");
}

TEST(Get, JsonIsWhatTheApiGives) {
  FakePerson person;
  const Json list{{"apiVersion", "holdfast.dev/v1"},
                  {"kind", "NodeList"},
                  {"metadata", {{"resourceVersion", "7"}}},
                  {"items", {{{"kind", "Node"}, {"metadata", {{"name", "n-1"}}}}}}};
  person.hub.answer(kNodes, list.dump());
  EXPECT_EQ(person.types({"get", "nodes", "-o", "json"}), ExitCode::kDone);
  EXPECT_EQ(Json::parse(person.out()), list);
  EXPECT_EQ(person.hub.last_request().accept, "application/json");
}

TEST(Get, OneByNameAsYaml) {
  FakePerson person;
  person.hub.answer(
      kNode,
      R"({"apiVersion":"holdfast.dev/v1","kind":"Node","metadata":{"name":"n-1","labels":{"rack":"7"}}})");
  EXPECT_EQ(person.types({"get", "node/n-1", "-o", "yaml"}), ExitCode::kDone);
  EXPECT_EQ(person.out(),
            "apiVersion: holdfast.dev/v1\nkind: Node\nmetadata:\n  labels:\n    rack: \"7\"\n  name: n-1\n");
}

TEST(Get, NamesForScripts) {
  FakePerson person;
  person.hub.answer(kNodes,
                    R"({"kind":"NodeList","items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]})");
  EXPECT_EQ(person.types({"get", "nodes", "-o", "name"}), ExitCode::kDone);
  EXPECT_EQ(person.out(), "node.holdfast.dev/a\nnode.holdfast.dev/b\n");
}

TEST(Get, ANameMayBeThatOfACommand) {
  FakePerson person;
  person.hub.answer("GET /apis/holdfast.dev/v1/applications/sync", R"({"metadata":{"name":"sync"}})");
  EXPECT_EQ(person.types({"get", "app", "sync", "-o", "name"}), ExitCode::kDone) << person.err();
  EXPECT_EQ(person.out(), "application.holdfast.dev/sync\n");
}

TEST(Get, SeveralByName) {
  FakePerson person;
  person.hub.answer(kNode, table(Json::array({row("n-1", "Healthy")})));
  person.hub.answer("GET /apis/holdfast.dev/v1/nodes/n-2", table(Json::array({row("n-2", "Degraded")})));
  EXPECT_EQ(person.types({"get", "nodes", "n-1", "n-2"}), ExitCode::kDone);
  EXPECT_EQ(person.out(), "NAME   HEALTH\nn-1    Healthy\nn-2    Degraded\n");
}

TEST(Get, SeveralByNameAsOneList) {
  FakePerson person;
  person.hub.answer(kNode, R"({"metadata":{"name":"n-1"}})");
  person.hub.answer("GET /apis/holdfast.dev/v1/nodes/n-2", R"({"metadata":{"name":"n-2"}})");
  EXPECT_EQ(person.types({"get", "nodes", "n-1", "n-2", "-o", "json"}), ExitCode::kDone);
  const auto list = Json::parse(person.out());
  EXPECT_EQ(list.at("kind"), "List");
  EXPECT_EQ(list.at("items").size(), 2U);
}

TEST(Get, OfWhatIsNotThereSaysHowToSeeWhatIs) {
  FakePerson person;
  person.hub.answer(kNode, 404, R"({"kind":"Status","message":"nodes \"n-1\" not found","code":404})");
  EXPECT_EQ(person.types({"get", "node", "n-1"}), ExitCode::kFailed);
  EXPECT_EQ(person.err(), "holdfast: nodes \"n-1\" not found; `holdfast get nodes` lists those there are\n");
}

TEST(Get, EventsComeOldestFirst) {
  FakePerson person;
  const auto event = [](const char* last, int count, const char* message) {
    return Json{{"metadata", {{"name", message}}},
                {"type", "Warning"},
                {"reason", "Drift"},
                {"message", message},
                {"involvedObject", {{"kind", "Node"}, {"name", "n-1"}}},
                {"application", "web"},
                {"resource", "File/motd"},
                {"firstTimestamp", "2025-12-31T23:00:00Z"},
                {"lastTimestamp", last},
                {"count", count}};
  };
  const Json items{event("2025-12-31T23:59:30Z", 3, "later"), event("2025-12-31T23:50:00Z", 1, "earlier")};
  person.hub.answer("GET /apis/holdfast.dev/v1/events", Json{{"kind", "EventList"}, {"items", items}}.dump());
  EXPECT_EQ(person.types({"get", "ev"}), ExitCode::kDone);
  EXPECT_EQ(person.out(),
            "LAST SEEN           TYPE      REASON   OBJECT               APPLICATION   MESSAGE\n"
            "10m                 Warning   Drift    node/n-1 File/motd   web           earlier\n"
            "30s (x3 over 60m)   Warning   Drift    node/n-1 File/motd   web           later\n");
}

constexpr const char* kResources = R"({"kind":"ResourceList","items":[
  {"metadata":{"name":"n-1.File.motd"},"node":"n-1","application":"web","resource":"File/motd","sync":"Synced","health":"Healthy","reason":"","message":""},
  {"metadata":{"name":"n-1.Process.web"},"node":"n-1","application":"web","resource":"Process/web","sync":"OutOfSync","health":"Degraded","reason":"CrashLoopBackOff","message":"exit 1"}]})";

TEST(Get, ResourcesOfOneNodeAndApplication) {
  FakePerson person;
  person.hub.answer("GET /apis/holdfast.dev/v1/resources", kResources);
  EXPECT_EQ(person.types({"get", "res", "--node", "n-1", "--application", "web"}), ExitCode::kDone);
  EXPECT_EQ(person.hub.last_request().target, "/apis/holdfast.dev/v1/resources?node=n-1&application=web");
  EXPECT_EQ(person.out(),
            "NODE   APPLICATION   RESOURCE      SYNC        HEALTH     REASON             MESSAGE\n"
            "n-1    web           File/motd     Synced      Healthy\n"
            "n-1    web           Process/web   OutOfSync   Degraded   CrashLoopBackOff   exit 1\n");
}

TEST(Get, ResourcesByTheirName) {
  FakePerson person;
  person.hub.answer("GET /apis/holdfast.dev/v1/resources", kResources);
  EXPECT_EQ(person.types({"get", "resource", "File/motd", "-o", "json"}), ExitCode::kDone);
  EXPECT_EQ(Json::parse(person.out()).at("items").size(), 1U);
}

TEST(Get, WatchShowsTheListAndThenEveryChange) {
  FakePerson person;
  person.hub.answer(kNodes, table(Json::array({row("n-1", "Healthy")}), "7"));
  const auto change = [](const char* type, const Json& object) {
    return Json{{"type", type}, {"object", object}}.dump() + "\n";
  };
  person.hub.answer(kNodes,
                    change("MODIFIED", Json::parse(table(Json::array({row("n-1", "Degraded")}), "8"))) +
                        change("BOOKMARK", {{"metadata", {{"resourceVersion", "9"}}}}) +
                        change("ERROR", {{"code", 500}, {"message", "the hub stops"}}));
  EXPECT_EQ(person.types({"get", "nodes", "-w"}), ExitCode::kFailed);
  EXPECT_EQ(person.out(), "NAME   HEALTH\nn-1    Healthy\nn-1    Degraded\n");
  EXPECT_EQ(person.err(), "holdfast: the hub ended the watch: the hub stops\n");
  EXPECT_EQ(person.hub.last_request().target,
            "/apis/holdfast.dev/v1/nodes?watch=1&allowWatchBookmarks=true&resourceVersion=7");
}

TEST(Get, WatchOfOneShowsNoOther) {
  FakePerson person;
  person.hub.answer(kNodes, table(Json::array({row("n-1", "Healthy")})));
  const auto change = [](const char* type, const std::string& name) {
    return Json{{"type", type}, {"object", Json::parse(table(Json::array({row(name, "Degraded")})))}}.dump() +
           "\n";
  };
  person.hub.answer(kNodes, change("DELETED", "n-2") + change("MODIFIED", "n-1"));
  person.hub.answer(kNodes, 503, R"({"message":"the hub stops"})");
  person.types({"get", "node", "n-1", "-w"});
  EXPECT_EQ(person.out(), "NAME   HEALTH\nn-1    Healthy\nn-1    Degraded\n");
  EXPECT_NE(person.asked()[1].find("fieldSelector=metadata.name%3Dn-1&watch=1"), std::string::npos);
}

TEST(Get, WatchGoesOnWhereAStreamEnded) {
  FakePerson person;
  person.hub.answer(kNodes, R"({"kind":"NodeList","metadata":{"resourceVersion":"7"},"items":[]})");
  person.hub.answer(kNodes, R"({"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"8"}}})"
                            "\n");
  person.hub.answer(kNodes, R"({"type":"ADDED","object":{"metadata":{"name":"b","resourceVersion":"9"}}})"
                            "\n"
                            R"({"type":"ERROR","object":{"code":500,"message":"over"}})"
                            "\n");
  EXPECT_EQ(person.types({"get", "nodes", "-w", "-o", "name"}), ExitCode::kFailed);
  EXPECT_EQ(person.out(), "node.holdfast.dev/a\nnode.holdfast.dev/b\n");
  EXPECT_NE(person.hub.last_request().target.find("resourceVersion=8"), std::string::npos);
  EXPECT_EQ(person.console.pauses.size(), 1U);
}

TEST(Get, WatchListsAgainWhenTheHubForgot) {
  FakePerson person;
  person.hub.answer(
      kNodes,
      R"({"kind":"NodeList","metadata":{"resourceVersion":"7"},"items":[{"metadata":{"name":"a"}}]})");
  person.hub.answer(kNodes, R"({"type":"ERROR","object":{"code":410,"reason":"Expired"}})"
                            "\n");
  person.hub.answer(
      kNodes,
      R"({"kind":"NodeList","metadata":{"resourceVersion":"70"},"items":[{"metadata":{"name":"b"}}]})");
  person.hub.answer(kNodes, 503, R"({"message":"the hub stops"})");
  EXPECT_EQ(person.types({"get", "nodes", "-w", "-o", "name"}), ExitCode::kFailed);
  EXPECT_EQ(person.out(), "node.holdfast.dev/a\nnode.holdfast.dev/b\n");
  EXPECT_NE(person.hub.last_request().target.find("resourceVersion=70"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::cli
