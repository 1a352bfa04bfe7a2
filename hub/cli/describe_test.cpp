// SPDX-License-Identifier: Apache-2.0
// holdfast describe: all that is known of an object, in one text.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "hub/cli/fake_person.hpp"

namespace holdfast::cli {
namespace {

using base::Json;

constexpr const char* kEmptyList = R"({"items":[]})";

const Json kApplication{
    {"apiVersion", "holdfast.dev/v1"},
    {"kind", "Application"},
    {"metadata",
     {{"name", "cameras"}, {"labels", {{"team", "vision"}}}, {"creationTimestamp", "2025-12-31T22:00:00Z"}}},
    {"spec",
     {{"source",
       {{"repoURL", "https://git.example.com/fleet.git"},
        {"targetRevision", "main"},
        {"path", "apps/cameras"}}},
      {"placement",
       {{"selector",
         {{"matchLabels", {{"role", "camera"}}},
          {"matchExpressions", {{{"key", "site"}, {"operator", "In"}, {"values", {"a", "b"}}}}}}}}},
      {"syncPolicy", {{"automated", {{"prune", true}, {"selfHeal", true}, {"maxPrune", "50%"}}}}}}},
    {"status",
     {{"sync", "OutOfSync"},
      {"health", "Degraded"},
      {"revision", "3f2a91c0aa"},
      {"newestRevision", "77777777bb"},
      {"nodes", {{"total", 3}, {"updated", 2}, {"ready", 1}, {"deferred", 1}, {"failed", 1}}},
      {"operation",
       {{"phase", "Failed"}, {"message", "no such path"}, {"startedAt", "2025-12-31T23:55:00Z"}}},
      {"conditions",
       {{{"type", "InvalidManifest"},
         {"status", "True"},
         {"lastTransitionTime", "2025-12-31T23:50:00Z"},
         {"message", "a.yaml:3: File/motd: spec.path: must be absolute\na.yaml:9: bad"}}}}}}};

TEST(Describe, AnApplication) {
  FakePerson person;
  person.hub.answer("GET /apis/holdfast.dev/v1/applications/cameras", kApplication.dump());
  person.hub.answer("GET /apis/holdfast.dev/v1/resources", R"({"items":[
    {"node":"n-1","application":"cameras","resource":"File/motd","sync":"Synced","health":"Healthy"},
    {"node":"n-2","application":"cameras","resource":"Process/web","sync":"Synced","health":"Degraded","reason":"CrashLoopBackOff","message":"exit 1"}]})");
  person.hub.answer("GET /apis/holdfast.dev/v1/events", R"({"items":[
    {"type":"Normal","reason":"RevisionInForce","message":"3f2a91c0aa is in force","lastTimestamp":"2025-12-31T23:00:00Z","count":1}]})");
  person.hub.answer("GET /apis/holdfast.dev/v1/events", R"({"items":[
    {"type":"Warning","reason":"Restarted","message":"exit 1","application":"cameras","resource":"Process/web","involvedObject":{"kind":"Node","name":"n-2"},"lastTimestamp":"2025-12-31T23:50:00Z","count":1}]})");
  EXPECT_EQ(person.types({"describe", "app", "cameras"}), ExitCode::kDone) << person.err();
  EXPECT_EQ(person.out(),
            "Name:          cameras\n"
            "Labels:        team=vision\n"
            "Created:       2025-12-31T22:00:00Z (120m ago)\n"
            "Project:       default\n"
            "Repository:    https://git.example.com/fleet.git\n"
            "Path:          apps/cameras at main\n"
            "Placement:     role=camera, site In (a,b)\n"
            "Sync policy:   automated, prune, selfHeal, maxPrune 50%\n"
            "Sync:          OutOfSync\n"
            "Health:        Degraded\n"
            "Revision:      3f2a91c0aa\n"
            "Newest:        77777777bb\n"
            "Nodes:         3 total, 2 updated, 1 ready, 1 deferred, 1 failed\n"
            "Last sync:     Failed: no such path, asked for 2025-12-31T23:55:00Z (5m ago)\n"
            "Conditions:\n"
            "  InvalidManifest=True for 10m\n"
            "    a.yaml:3: File/motd: spec.path: must be absolute\n"
            "    a.yaml:9: bad\n"
            "Reported by:\n"
            "  NODE   RESOURCES   WELL\n"
            "  n-1    1           1\n"
            "  n-2    1           0\n"
            "Not well:\n"
            "  NODE   RESOURCE      SYNC     HEALTH     BECAUSE\n"
            "  n-2    Process/web   Synced   Degraded   CrashLoopBackOff: exit 1\n"
            "Events:\n"
            "  LAST SEEN   TYPE      REASON            NODE   RESOURCE      MESSAGE\n"
            "  60m         Normal    RevisionInForce                        3f2a91c0aa is in force\n"
            "  10m         Warning   Restarted         n-2    Process/web   exit 1\n");
  EXPECT_EQ(person.asked(),
            (std::vector<std::string>{
                "GET /apis/holdfast.dev/v1/applications/cameras",
                "GET /apis/holdfast.dev/v1/resources?application=cameras",
                "GET /apis/holdfast.dev/v1/events?fieldSelector=involvedObject.kind%3DApplication%2C"
                "involvedObject.name%3Dcameras",
                "GET /apis/holdfast.dev/v1/events?fieldSelector=involvedObject.kind%3DNode%2Capplication%3D"
                "cameras"}));
}

TEST(Describe, ANode) {
  FakePerson person;
  const Json node{{"metadata", {{"name", "n-1"}, {"creationTimestamp", "2025-12-31T22:00:00Z"}}},
                  {"spec", {{"uid", "u-1"}, {"certificate", {{"notAfter", "2026-04-01T00:00:00Z"}}}}},
                  {"status",
                   {{"sync", "OutOfSync"},
                    {"health", "Progressing"},
                    {"agentVersion", "0.1.0"},
                    {"lastSeen", "2025-12-31T23:59:50Z"},
                    {"facts", {{"arch", "arm64"}}},
                    {"generation", {{"desired", "1.5"}, {"accepted", "1.5"}, {"applied", "1.4"}}},
                    {"conditions",
                     {{{"type", "Ready"},
                       {"status", "True"},
                       {"lastTransitionTime", "2025-12-31T23:00:00Z"},
                       {"message", "the node is connected"}}}},
                    {"sections",
                     {{{"application", "web"},
                       {"phase", "Retrying"},
                       {"sync", "OutOfSync"},
                       {"health", "Progressing"},
                       {"resources", 2},
                       {"reason", "Failed"},
                       {"message", "no space"}}}}}}};
  person.hub.answer("GET /apis/holdfast.dev/v1/nodes/n-1", node.dump());
  person.hub.answer("GET /apis/holdfast.dev/v1/resources", kEmptyList);
  person.hub.answer("GET /apis/holdfast.dev/v1/events", kEmptyList);
  EXPECT_EQ(person.types({"describe", "node/n-1"}), ExitCode::kDone) << person.err();
  EXPECT_EQ(person.out(),
            "Name:          n-1\n"
            "Labels:        <none>\n"
            "Created:       2025-12-31T22:00:00Z (120m ago)\n"
            "UID:           u-1\n"
            "Certificate:   until 2026-04-01T00:00:00Z\n"
            "Agent:         0.1.0\n"
            "Last seen:     2025-12-31T23:59:50Z (10s ago)\n"
            "Sync:          OutOfSync\n"
            "Health:        Progressing\n"
            "Generation:    accepted 1.5, applied 1.4, desired 1.5\n"
            "Facts:         arch=arm64\n"
            "Conditions:\n"
            "  Ready=True for 60m\n"
            "    the node is connected\n"
            "Applications:\n"
            "  APPLICATION   PHASE      SYNC        HEALTH        RESOURCES   BECAUSE\n"
            "  web           Retrying   OutOfSync   Progressing   2           Failed: no space\n"
            "Events:        <none>\n");
}

TEST(Describe, AnyOtherTypeByItsFields) {
  FakePerson person;
  person.hub.answer("GET /apis/holdfast.dev/v1/projects/default",
                    R"({"metadata":{"name":"default"},"spec":{"description":"all","sourceRepos":["a"]}})");
  person.hub.answer("GET /apis/holdfast.dev/v1/events", kEmptyList);
  EXPECT_EQ(person.types({"describe", "project", "default"}), ExitCode::kDone);
  EXPECT_EQ(person.out(),
            "Name:          default\n"
            "Labels:        <none>\n"
            "Created:       <none>\n"
            "spec:\n"
            "  description: all\n"
            "  sourceRepos:\n"
            "  - a\n"
            "Events:        <none>\n");
}

TEST(Describe, ShowsWhatANodeSaysWithoutObeyingIt) {
  FakePerson person;
  person.hub.answer("GET /apis/holdfast.dev/v1/nodes/n-1",
                    R"({"metadata":{"name":"n-1"},"status":{"facts":{"os":"\u001b]0;owned\u0007"}}})");
  person.hub.answer("GET /apis/holdfast.dev/v1/resources", kEmptyList);
  person.hub.answer("GET /apis/holdfast.dev/v1/events", kEmptyList);
  EXPECT_EQ(person.types({"describe", "node", "n-1"}), ExitCode::kDone);
  EXPECT_EQ(person.out().find('\x1b'), std::string::npos);
  EXPECT_NE(person.out().find("os=\\x1b]0;owned\\x07"), std::string::npos);
}

TEST(Describe, OfWhatIsNotThereFails) {
  FakePerson person;
  person.hub.answer("GET /apis/holdfast.dev/v1/nodes/n-9", 404, R"({"message":"nodes \"n-9\" not found"})");
  EXPECT_EQ(person.types({"describe", "node", "n-9"}), ExitCode::kFailed);
  EXPECT_EQ(person.err(), "holdfast: nodes \"n-9\" not found; `holdfast get nodes` lists those there are\n");
}

}  // namespace
}  // namespace holdfast::cli
