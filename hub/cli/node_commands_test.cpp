// SPDX-License-Identifier: Apache-2.0
// Commands that ask a node: why, logs, diagnose; and version, which asks the hub.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/version.hpp"
#include "hub/cli/fake_person.hpp"

namespace holdfast::cli {
namespace {

using base::Json;

constexpr const char* kWhy = "GET /apis/holdfast.dev/v1/nodes/n-1/why";
constexpr const char* kLogs = "GET /apis/holdfast.dev/v1/nodes/n-1/logs";
constexpr const char* kDiagnose = "POST /apis/holdfast.dev/v1/nodes/n-1/diagnose";

// ---- why ----

TEST(Why, NamesCommitFileAndLine) {
  FakePerson person;
  person.hub.answer(kWhy,
                    R"({"kind":"WhyList","items":[{"resource":"File/motd","node":"n-1","application":"web",
    "source":"https://git.example.com/a.git","commit":"3f2a91c","author":"A. Person","subject":"Greet","file":"apps/web/motd.yaml",
    "line":3,"phase":"Retrying","sync":"OutOfSync","health":"Degraded","reason":"NoSpace","message":"disk full",
    "blockedBy":"","next":"tried again in 10s"}]})");
  EXPECT_EQ(person.types({"why", "n-1", "File/motd"}), ExitCode::kDone) << person.err();
  EXPECT_EQ(person.hub.last_request().target, "/apis/holdfast.dev/v1/nodes/n-1/why?key=File%2Fmotd");
  EXPECT_EQ(person.out(),
            "Resource:     File/motd on n-1\n"
            "Application:  web\n"
            "From:         apps/web/motd.yaml:3 of https://git.example.com/a.git\n"
            "Commit:       3f2a91c by A. Person: Greet\n"
            "Sync:         OutOfSync\n"
            "Health:       Degraded\n"
            "Phase:        Retrying\n"
            "Reason:       NoSpace\n"
            "Message:      disk full\n"
            "Next:         tried again in 10s\n");
}

TEST(Why, OfWhatNobodyKnowsFails) {
  FakePerson person;
  person.hub.answer(kWhy, R"({"kind":"WhyList","items":[]})");
  EXPECT_EQ(person.types({"why", "n-1", "File/motd"}), ExitCode::kFailed);
  EXPECT_NE(person.err().find("node n-1 has no File/motd"), std::string::npos);
}

TEST(Why, AsJsonIsWhatTheApiGives) {
  FakePerson person;
  person.hub.answer(kWhy, R"({"kind":"WhyList","items":[]})");
  EXPECT_EQ(person.types({"why", "n-1", "File/motd", "-o", "json"}), ExitCode::kDone);
  EXPECT_EQ(Json::parse(person.out()).at("kind"), "WhyList");
}

// ---- approve ----

constexpr const char* kNode = "GET /apis/holdfast.dev/v1/nodes/n-1";
constexpr const char* kNodePatch = "PATCH /apis/holdfast.dev/v1/nodes/n-1";

TEST(Approve, LetsAMachineInThatWaits) {
  FakePerson person;
  person.hub.answer(kNode, R"({"kind":"Node","metadata":{"name":"n-1"},"spec":{"uid":"u","pending":true}})");
  person.hub.answer(kNodePatch, R"({"kind":"Node","metadata":{"name":"n-1"}})");
  EXPECT_EQ(person.types({"approve", "n-1"}), ExitCode::kDone) << person.err();
  EXPECT_EQ(person.out(), "node n-1 approved\n");
  EXPECT_EQ(person.hub.last_request().body, R"({"spec":{"clone":null,"pending":null}})");
}

TEST(Approve, OfAClonesNodeBelievesTheMachineThatConnectsNext) {
  FakePerson person;
  person.hub.answer(kNode, R"({"kind":"Node","metadata":{"name":"n-1"},"spec":{"uid":"u","clone":"two"}})");
  person.hub.answer(kNodePatch, R"({"kind":"Node","metadata":{"name":"n-1"}})");
  EXPECT_EQ(person.types({"approve", "n-1"}), ExitCode::kDone) << person.err();
  EXPECT_EQ(Json::parse(person.hub.last_request().body).at("spec").at("fingerprint"), "");
}

TEST(Approve, LetsARestoredHubGoOnAboveWhatTheNodeHolds) {
  FakePerson person;
  person.hub.answer(
      kNode, R"({"metadata":{"name":"n-1"},"spec":{"uid":"u"},"status":{"generation":{"proven":"1.9"}}})");
  person.hub.answer(kNodePatch, R"({"kind":"Node","metadata":{"name":"n-1"}})");
  EXPECT_EQ(person.types({"approve", "n-1"}), ExitCode::kDone) << person.err();
  EXPECT_EQ(person.hub.last_request().body,
            R"({"metadata":{"annotations":{"holdfast.dev/approved-generation":"1.9"}}})");
}

TEST(Approve, OfANodeThatWaitsForNothingChangesNothing) {
  FakePerson person;
  person.hub.answer(kNode, R"({"kind":"Node","metadata":{"name":"n-1"},"spec":{"uid":"u"}})");
  EXPECT_EQ(person.types({"approve", "n-1"}), ExitCode::kDone) << person.err();
  EXPECT_EQ(person.out(), "node n-1 waits for nothing\n");
}

// ---- logs ----

std::string lines(const std::string& cursor, const Json& texts) {
  Json out{{"cursor", cursor}, {"lines", Json::array()}};
  for (const auto& text : texts) {
    out["lines"].push_back(
        {{"process", "web"}, {"stream", "stdout"}, {"text", text}, {"time", "2026-01-01T00:00:00.000Z"}});
  }
  return out.dump();
}

TEST(Logs, OfOneProcessAreItsLines) {
  FakePerson person;
  person.hub.answer(kLogs, lines("1:1", {"hello", "world"}));
  EXPECT_EQ(person.types({"logs", "n-1", "Process/web", "--since", "1h", "--tail", "20"}), ExitCode::kDone)
      << person.err();
  EXPECT_EQ(person.out(), "hello\nworld\n");
  EXPECT_EQ(person.hub.last_request().target,
            "/apis/holdfast.dev/v1/nodes/n-1/logs?resource=Process%2Fweb&since=1h&tailLines=20");
}

TEST(Logs, OfAllNameTheProcessAndTheTimeWhereAsked) {
  FakePerson person;
  person.hub.answer(kLogs, lines("1:1", {"hello"}));
  EXPECT_EQ(person.types({"logs", "n-1", "--timestamps"}), ExitCode::kDone);
  EXPECT_EQ(person.out(), "2026-01-01T00:00:00.000Z web | hello\n");
}

TEST(Logs, AreFollowedFromWhereTheLastAnswerEnded) {
  FakePerson person;
  person.hub.answer(kLogs, lines("1:1", {"hello"}));
  person.hub.answer(kLogs, 504, R"({"message":"node \"n-1\" did not answer in time"})");
  person.hub.answer(kLogs, lines("2:1", {"again"}));
  person.hub.answer(kLogs, 503, R"({"message":"node \"n-1\" is not connected"})");
  EXPECT_EQ(person.types({"logs", "n-1", "Process/web", "-f", "--since", "5m"}), ExitCode::kFailed);
  EXPECT_EQ(person.out(), "hello\nagain\n");
  EXPECT_EQ(person.err(), "holdfast: node \"n-1\" is not connected\n");
  const auto asked = person.asked();
  ASSERT_EQ(asked.size(), 4U);
  EXPECT_NE(asked[0].find("since=5m"), std::string::npos);
  EXPECT_EQ(asked[1], "GET /apis/holdfast.dev/v1/nodes/n-1/logs?resource=Process%2Fweb&cursor=1%3A1");
  EXPECT_NE(asked[3].find("cursor=2%3A1"), std::string::npos);
}

TEST(Logs, CannotCommandATerminal) {
  FakePerson person;
  person.hub.answer(kLogs, lines("1:1", {"\x1b[2Jgone"}));
  person.types({"logs", "n-1", "Process/web"});
  EXPECT_EQ(person.out(), "\x1b[2Jgone\n") << "a file gets every byte";
  person.console.console.out_is_terminal = true;
  person.types({"logs", "n-1", "Process/web"});
  EXPECT_EQ(person.out(), "\\x1b[2Jgone\n");
}

TEST(Logs, AsJsonAreOneObjectALine) {
  FakePerson person;
  person.hub.answer(kLogs, lines("1:1", {"a", "b"}));
  EXPECT_EQ(person.types({"logs", "n-1", "-o", "json"}), ExitCode::kDone);
  const auto first = person.out().substr(0, person.out().find('\n'));
  EXPECT_EQ(Json::parse(first).at("text"), "a");
}

// ---- diagnose ----

TEST(Diagnose, ShowsAllThatTheNodeTells) {
  FakePerson person;
  person.hub.answer(kDiagnose, R"({"metrics":"a 1\nb 2\n","status":{"name":"n-1"}})");
  EXPECT_EQ(person.types({"diagnose", "n-1"}), ExitCode::kDone) << person.err();
  EXPECT_EQ(person.out(), "metrics: |\n  a 1\n  b 2\nstatus:\n  name: n-1\n");
  EXPECT_EQ(person.types({"diagnose", "n-1", "-o", "json"}), ExitCode::kDone);
  EXPECT_EQ(Json::parse(person.out()).at("status").at("name"), "n-1");
}

TEST(Diagnose, OfANodeThatIsAwayFails) {
  FakePerson person;
  person.hub.answer(kDiagnose, 503, R"({"message":"node \"n-1\" is not connected"})");
  EXPECT_EQ(person.types({"diagnose", "n-1"}), ExitCode::kFailed);
  EXPECT_EQ(person.err(), "holdfast: node \"n-1\" is not connected\n");
}

// ---- version ----

TEST(Version, NamesTheHubWhereThereIsOne) {
  FakePerson person;
  person.hub.answer("GET /version", R"({"gitVersion":"v1.29.0+holdfast-0.7.1"})");
  EXPECT_EQ(person.types({"version"}), ExitCode::kDone);
  EXPECT_EQ(person.out(), std::string("holdfast ") + base::kVersion +
                              "\nhub 0.7.1 at https://127.0.0.1:" + std::to_string(person.hub.port()) + "\n");
}

TEST(Version, IsToldEvenWhereTheHubIsAway) {
  FakePerson person;
  person.hub.stop();
  EXPECT_EQ(person.types({"version", "-o", "json"}), ExitCode::kDone);
  const auto told = Json::parse(person.out());
  EXPECT_EQ(told.at("client"), base::kVersion);
  EXPECT_TRUE(told.contains("problem"));
}

}  // namespace
}  // namespace holdfast::cli
