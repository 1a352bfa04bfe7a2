// SPDX-License-Identifier: Apache-2.0
// Commands about one application: sync, wait, diff, history, rollback, rollout status.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "hub/cli/application_state.hpp"
#include "hub/cli/fake_person.hpp"

namespace holdfast::cli {
namespace {

using base::Json;

constexpr const char* kGet = "GET /apis/holdfast.dev/v1/applications/web";
constexpr const char* kWatch = "GET /apis/holdfast.dev/v1/applications";
constexpr const char* kSync = "POST /apis/holdfast.dev/v1/applications/web/sync";
constexpr const char* kSuccess = R"({"kind":"Status","status":"Success"})";
constexpr const char* kNotFound =
    R"({"kind":"Status","message":"applications \"web\" not found","code":404})";

Json application(const std::string& sync, const std::string& health) {
  return {{"metadata", {{"name", "web"}, {"generation", 2}, {"resourceVersion", "5"}}},
          {"status",
           {{"sync", sync},
            {"health", health},
            {"revision", "3f2a91c0aabbccdd"},
            {"observedGeneration", 2},
            {"nodes", {{"total", 3}, {"updated", 2}, {"ready", 2}, {"deferred", 1}, {"failed", 0}}}}}};
}

Json with_operation(Json object, const std::string& started, const std::string& phase,
                    const std::string& message) {
  object["status"]["operation"] = {{"startedAt", started}, {"phase", phase}, {"message", message}};
  return object;
}

std::string change(const std::string& type, const Json& object) {
  return Json{{"type", type}, {"object", object}}.dump() + "\n";
}

// ---- sync ----

TEST(Sync, WaitsUntilTheHubSaysHowItWent) {
  FakePerson person;
  const auto old =
      with_operation(application("Synced", "Healthy"), "2025-12-31T00:00:00.000Z", "Succeeded", "old");
  person.hub.answer(kGet, old.dump());
  person.hub.answer(kSync, kSuccess);
  person.hub.answer(
      kWatch, change("ADDED", old) +
                  change("MODIFIED", with_operation(old, "2026-01-01T00:00:00.000Z", "Running", "fetching")) +
                  change("MODIFIED", with_operation(old, "2026-01-01T00:00:00.000Z", "Succeeded", "3f2a")));
  EXPECT_EQ(person.types({"sync", "web"}), ExitCode::kDone) << person.err();
  EXPECT_EQ(person.out(), "application.holdfast.dev/web synced: 3f2a91c0aabbccdd is in force\n");
  EXPECT_EQ(person.asked()[1], "POST /apis/holdfast.dev/v1/applications/web/sync");
  EXPECT_EQ(
      person.asked()[2],
      "GET "
      "/apis/holdfast.dev/v1/"
      "applications?fieldSelector=metadata.name%3Dweb&watch=1&allowWatchBookmarks=true&timeoutSeconds=60");
}

TEST(Sync, IsNotMisledByAnotherApplication) {
  FakePerson person;
  person.hub.answer(kGet, application("Synced", "Healthy").dump());
  person.hub.answer(kSync, kSuccess);
  auto other = with_operation(application("Synced", "Healthy"), "2", "Failed", "not ours");
  other["metadata"]["name"] = "other";
  person.hub.answer(
      kWatch, change("DELETED", other) + change("MODIFIED", with_operation(application("Synced", "Healthy"),
                                                                           "1", "Succeeded", "x")));
  EXPECT_EQ(person.types({"sync", "web"}), ExitCode::kDone) << person.err();
}

TEST(Sync, CarriesRevisionAndConfirmation) {
  FakePerson person;
  person.hub.answer(kGet, application("Synced", "Healthy").dump());
  person.hub.answer(kSync, kSuccess);
  person.hub.answer(kWatch,
                    change("ADDED", with_operation(application("Synced", "Healthy"), "1", "Succeeded", "x")));
  EXPECT_EQ(person.types({"sync", "web", "--revision", "v1.2", "--confirm-prune"}), ExitCode::kDone)
      << person.err();
  EXPECT_EQ(Json::parse(person.hub.requests()[1].body), (Json{{"revision", "v1.2"}, {"confirmPrune", true}}));
}

TEST(Sync, ThatFailedSaysWhy) {
  FakePerson person;
  person.hub.answer(kGet, application("Unknown", "Healthy").dump());
  person.hub.answer(kSync, kSuccess);
  person.hub.answer(kWatch, change("ADDED", with_operation(application("Unknown", "Healthy"), "1", "Failed",
                                                           "cannot fetch: no route")));
  EXPECT_EQ(person.types({"sync", "web"}), ExitCode::kFailed);
  EXPECT_EQ(person.err(), "holdfast: sync of web: cannot fetch: no route\n");
}

TEST(Sync, ThatTakesTooLongIsNotTrueYet) {
  FakePerson person;
  person.hub.answer(kGet, application("Synced", "Healthy").dump());
  person.hub.answer(kSync, kSuccess);
  person.hub.answer(
      kWatch, change("ADDED", with_operation(application("Unknown", "Healthy"), "1", "Running", "fetching")));
  EXPECT_EQ(person.types({"sync", "web", "--timeout", "3s"}), ExitCode::kNotTrue);
  EXPECT_NE(person.err().find("is asked for and not over after 3s"), std::string::npos) << person.err();
}

TEST(Sync, ThatTheHubRefusesFails) {
  FakePerson person;
  person.hub.answer(kGet, application("Synced", "Healthy").dump());
  person.hub.answer(kSync, 409, R"({"message":"application \"web\" follows main by itself"})");
  EXPECT_EQ(person.types({"sync", "web", "--revision", "x"}), ExitCode::kFailed);
  EXPECT_EQ(person.err(), "holdfast: application \"web\" follows main by itself\n");
}

TEST(Sync, OfWhatIsNotThereSaysHowToSeeWhatIs) {
  FakePerson person;
  person.hub.answer(kGet, 404, kNotFound);
  EXPECT_EQ(person.types({"sync", "web"}), ExitCode::kFailed);
  EXPECT_NE(person.err().find("`holdfast get applications` lists those there are"), std::string::npos);
}

TEST(Sync, OfAnApplicationOnItsWayOutDoesNotWait) {
  FakePerson person;
  auto leaving = application("Synced", "Healthy");
  leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  person.hub.answer(kGet, leaving.dump());
  person.hub.answer(kSync, kSuccess);
  EXPECT_EQ(person.types({"sync", "web", "--confirm-prune"}), ExitCode::kDone) << person.err();
  EXPECT_EQ(person.out(), "application.holdfast.dev/web goes on being deleted\n");
}

// ---- wait ----

TEST(Wait, EndsAtOnceWhereItHoldsAlready) {
  FakePerson person;
  person.hub.answer(kGet, application("Synced", "Healthy").dump());
  EXPECT_EQ(person.types({"wait", "web", "--for", "synced", "--for", "healthy"}), ExitCode::kDone)
      << person.err();
  EXPECT_EQ(person.out(), "application.holdfast.dev/web is synced and healthy\n");
  EXPECT_EQ(person.asked().size(), 1U);
}

TEST(Wait, LooksOnUntilItHolds) {
  FakePerson person;
  person.hub.answer(kGet, application("OutOfSync", "Healthy").dump());
  person.hub.answer(kWatch, change("ADDED", application("OutOfSync", "Healthy")) +
                                change("MODIFIED", application("Synced", "Healthy")));
  EXPECT_EQ(person.types({"wait", "web", "--for", "synced", "--timeout", "2m"}), ExitCode::kDone)
      << person.err();
  EXPECT_EQ(person.out(), "application.holdfast.dev/web is synced\n");
  EXPECT_EQ(person.asked().size(), 2U) << "one list, one watch: nothing is polled";
  EXPECT_NE(person.hub.last_request().target.find("timeoutSeconds=120"), std::string::npos);
}

TEST(Wait, AtTheTimeoutSaysWhatIsMissing) {
  FakePerson person;
  auto held = application("OutOfSync", "Degraded");
  held["status"]["conditions"] = {
      {{"type", "PruneHeld"}, {"status", "True"}, {"message", "would delete 11 of 12"}}};
  person.hub.answer(kGet, held.dump());
  person.hub.answer(kWatch, change("ADDED", held));
  EXPECT_EQ(person.types({"wait", "web", "--for", "synced", "--for", "healthy", "--timeout", "3s"}),
            ExitCode::kNotTrue);
  EXPECT_EQ(
      person.err(),
      "holdfast: application web is not synced and healthy after 3s: sync is OutOfSync, health is Degraded; "
      "2 of 3 nodes are updated, 2 ready, 1 away\n"
      "  PruneHeld: would delete 11 of 12\n"
      "See `holdfast describe application web`.\n");
  EXPECT_EQ(person.out(), "");
}

TEST(Wait, OutlivesAHubThatGoesAwayForAWhile) {
  FakePerson person;
  person.hub.answer(kGet, application("OutOfSync", "Healthy").dump());
  person.hub.answer(kWatch, change("ADDED", application("OutOfSync", "Healthy")));
  person.hub.answer(kWatch, 503, R"({"message":"the hub starts"})");
  person.hub.answer(kWatch, change("ADDED", application("Synced", "Healthy")));
  EXPECT_EQ(person.types({"wait", "web", "--for", "synced"}), ExitCode::kDone) << person.err();
  EXPECT_EQ(person.console.pauses.size(), 2U);
}

TEST(Wait, EndsWhenTheApplicationIsDeleted) {
  FakePerson person;
  person.hub.answer(kGet, application("OutOfSync", "Healthy").dump());
  person.hub.answer(kWatch, change("DELETED", application("OutOfSync", "Healthy")));
  EXPECT_EQ(person.types({"wait", "web", "--for", "synced"}), ExitCode::kFailed);
  EXPECT_EQ(person.err(), "holdfast: application web was deleted meanwhile\n");
}

TEST(Wait, ForWhatIsNotThereFailsAtOnce) {
  FakePerson person;
  person.hub.answer(kGet, 404, kNotFound);
  EXPECT_EQ(person.types({"wait", "web", "--for", "synced"}), ExitCode::kFailed);
}

TEST(Wait, ShowsProgressOnATerminalOnly) {
  FakePerson person;
  person.hub.answer(kGet, application("OutOfSync", "Healthy").dump());
  person.hub.answer(kWatch, change("ADDED", application("Synced", "Healthy")));
  person.types({"wait", "web", "--for", "synced"});
  EXPECT_EQ(person.err(), "");
  person.console.console.err_is_terminal = true;
  person.types({"wait", "web", "--for", "synced"});
  EXPECT_NE(person.err().find("not synced yet: sync is OutOfSync"), std::string::npos) << person.err();
  EXPECT_TRUE(person.err().ends_with("\r\x1b[K")) << "the line is gone at the end";
}

// ---- what holds ----

TEST(ApplicationState, OfAnOlderSpecHoldsNothing) {
  auto object = application("Synced", "Healthy");
  EXPECT_TRUE(holds(object, Awaited::kSynced));
  object["metadata"]["generation"] = 3;
  EXPECT_FALSE(holds(object, Awaited::kSynced));
  EXPECT_FALSE(holds(object, Awaited::kHealthy));
}

TEST(ApplicationState, WhileASyncRunsNothingHolds) {
  EXPECT_FALSE(holds(with_operation(application("Synced", "Healthy"), "1", "Running", ""), Awaited::kSynced));
  EXPECT_TRUE(
      holds(with_operation(application("Synced", "Healthy"), "1", "Succeeded", ""), Awaited::kSynced));
}

TEST(ApplicationState, OfAnEmptyObjectIsUnknown) {
  EXPECT_FALSE(holds(Json::object(), Awaited::kSynced));
  EXPECT_EQ(state_text(Json::object()), "sync is Unknown, health is Unknown; no node has it");
}

// ---- diff ----

constexpr const char* kDiff = "GET /apis/holdfast.dev/v1/applications/web/diff";

TEST(Diff, ShowsWhatChangesAndIsExitCodeThree) {
  FakePerson person;
  const Json before{{"kind", "File"}, {"spec", {{"content", "a\nb\n"}, {"path", "/etc/motd"}}}};
  auto after = before;
  after["spec"]["content"] = "a\nc\n";
  const Json items{
      {{"change", "update"},
       {"resource", "File/motd"},
       {"nodes", {"n-1", "n-2"}},
       {"before", before.dump()},
       {"after", after.dump()},
       {"file", "apps/web/motd.yaml"},
       {"line", 3}},
      {{"change", "drift"}, {"resource", "File/x"}, {"nodes", {"n-1"}}, {"message", "mode is 0600"}}};
  person.hub.answer(kDiff, Json{{"kind", "DifferenceList"}, {"items", items}}.dump());
  EXPECT_EQ(person.types({"diff", "web"}), ExitCode::kNotTrue) << person.err();
  EXPECT_EQ(person.out(),
            "update File/motd on n-1, n-2  (apps/web/motd.yaml:3)\n"
            "  …\n"
            "    spec:\n"
            "      content: |\n"
            "        a\n"
            "  -     b\n"
            "  +     c\n"
            "      path: /etc/motd\n"
            "drift File/x on n-1\n"
            "  mode is 0600\n");
}

TEST(Diff, OfNothingIsDone) {
  FakePerson person;
  person.hub.answer(kDiff, R"({"kind":"DifferenceList","items":[]})");
  EXPECT_EQ(person.types({"diff", "web"}), ExitCode::kDone);
  EXPECT_EQ(person.out(), "");
  EXPECT_EQ(person.types({"diff", "web", "-o", "json"}), ExitCode::kDone);
  EXPECT_EQ(Json::parse(person.out()).at("kind"), "DifferenceList");
}

TEST(Diff, OfManyNodesNamesAFew) {
  FakePerson person;
  const Json items{
      {{"change", "create"}, {"resource", "File/a"}, {"nodes", {"1", "2", "3", "4", "5", "6", "7"}}}};
  person.hub.answer(kDiff, Json{{"items", items}}.dump());
  person.types({"diff", "web"});
  EXPECT_EQ(person.out(), "create File/a on 1, 2, 3, 4, 5, … and 2 more\n");
}

// ---- history, rollback, rollout ----

TEST(History, ListsWhatWasInForce) {
  FakePerson person;
  person.hub.answer("GET /apis/holdfast.dev/v1/applications/web/history", R"({"kind":"HistoryList","items":[
    {"revision":"aaaaaaaaaaaaaaaa","time":"2025-12-31T22:00:00Z","initiator":"automated","author":"A. Person","subject":"one","inForce":false},
    {"revision":"bbbbbbbbbbbbbbbb","time":"2025-12-31T23:00:00Z","initiator":"sync","author":"A. Person","subject":"two","inForce":true}]})");
  EXPECT_EQ(person.types({"history", "web"}), ExitCode::kDone);
  EXPECT_EQ(person.out(),
            "REVISION     IN FORCE   SINCE   BY          AUTHOR      SUBJECT\n"
            "aaaaaaaaaa              120m    automated   A. Person   one\n"
            "bbbbbbbbbb   *          60m     sync        A. Person   two\n");
}

TEST(Rollback, SaysUntilWhenItHolds) {
  FakePerson person;
  person.hub.answer("POST /apis/holdfast.dev/v1/applications/web/rollback", kSuccess);
  EXPECT_EQ(person.types({"rollback", "web", "aaaa"}), ExitCode::kDone);
  EXPECT_EQ(person.out(),
            "application.holdfast.dev/web goes back to aaaa and stays there until `holdfast sync web`\n");
  EXPECT_EQ(Json::parse(person.hub.last_request().body), (Json{{"revision", "aaaa"}}));
}

TEST(Rollback, ToSomethingUnknownFails) {
  FakePerson person;
  person.hub.answer("POST /apis/holdfast.dev/v1/applications/web/rollback", 404,
                    R"({"message":"revision \"x\" is not in the history of application \"web\""})");
  EXPECT_EQ(person.types({"rollback", "web", "x"}), ExitCode::kFailed);
  EXPECT_EQ(person.err(), "holdfast: revision \"x\" is not in the history of application \"web\"\n");
}

TEST(RolloutStatus, IsNotTrueWhileNodesThatAreThereLackIt) {
  FakePerson person;
  auto object = application("OutOfSync", "Progressing");
  person.hub.answer(kGet, object.dump());
  EXPECT_EQ(person.types({"rollout", "status", "web"}), ExitCode::kDone) << "absent nodes stall nothing";
  EXPECT_EQ(person.out(),
            "application.holdfast.dev/web is rolled out at 3f2a91c0aa: sync is OutOfSync, health is "
            "Progressing; 2 of 3 nodes are "
            "updated, 2 ready, 1 away\n");
  FakePerson other;
  object["status"]["nodes"]["deferred"] = 0;
  other.hub.answer(kGet, object.dump());
  EXPECT_EQ(other.types({"rollout", "status", "web", "-o", "json"}), ExitCode::kNotTrue);
  EXPECT_EQ(Json::parse(other.out()).at("complete"), false);
}

}  // namespace
}  // namespace holdfast::cli
