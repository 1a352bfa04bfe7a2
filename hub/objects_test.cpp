// SPDX-License-Identifier: Apache-2.0
#include "hub/objects.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
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

using base::Code;
using base::Json;

Json project(const std::string& name) {
  return {{"apiVersion", "holdfast.dev/v1"},
          {"kind", "Project"},
          {"metadata", {{"name", name}}},
          {"spec", {{"description", "d"}}}};
}

Json node(const std::string& name, const std::string& uid) {
  return {{"apiVersion", "holdfast.dev/v1"},
          {"kind", "Node"},
          {"metadata", {{"name", name}, {"labels", {{"role", "camera"}}}}},
          {"spec", {{"uid", uid}}}};
}

Json application(const std::string& name) {
  return {{"apiVersion", "holdfast.dev/v1"},
          {"kind", "Application"},
          {"metadata", {{"name", name}}},
          {"spec", {{"source", {{"repoURL", "https://git.example.com/a.git"}, {"path", "apps/a"}}}}}};
}

class ObjectsTest : public testing::Test {
 protected:
  ObjectsTest() { restart(); }
  void restart() {
    objects = std::make_unique<Objects>(Objects::Seams{clock, random, store});
    const auto loaded = objects->load();
    ASSERT_TRUE(loaded) << loaded.error().message();
  }
  ObjectPtr made(std::string_view type, const Json& object) {
    auto done = objects->create(type, object, Actor::kHub);
    EXPECT_TRUE(done) << (done ? "" : done.error().message());
    return done ? *done : nullptr;
  }
  Code code_of(const base::Result<ObjectPtr>& result) {
    return result ? Code::kInternal : result.error().code();
  }

  base::FakeClock clock;
  base::FakeRandom random{7};
  sync::FakeStore store{std::vector<sync::Table>(kHubTables.begin(), kHubTables.end())};
  std::unique_ptr<Objects> objects;
};

TEST_F(ObjectsTest, ANewObjectGetsWhatOnlyTheHubCanKnow) {
  const auto object = made(kProjects, project("vision"));
  EXPECT_EQ(name_of(*object), "vision");
  EXPECT_EQ(uid_of(*object).size(), 36U);
  EXPECT_EQ(text_at(*object, "metadata/creationTimestamp"), "2026-01-01T00:00:00Z");
  EXPECT_EQ(number_at(*object, "metadata/generation"), 1);
  EXPECT_GT(version_of(*object), 0U);
}

TEST_F(ObjectsTest, SurvivesARestart) {
  const auto before = made(kProjects, project("vision"));
  restart();
  EXPECT_EQ(**objects->get(kProjects, "vision"), *before);
}

TEST_F(ObjectsTest, ASecondOfTheSameNameIsRefused) {
  made(kProjects, project("vision"));
  EXPECT_EQ(code_of(objects->create(kProjects, project("vision"), Actor::kPerson)), Code::kConflict);
}

struct RefusedCase {
  const char* name;
  std::string_view type;
  Json object;
  Code code;
  const char* says;
};
class Refused : public ObjectsTest, public testing::WithParamInterface<RefusedCase> {};

TEST_P(Refused, WithAMessageThatNamesTheField) {
  const auto done = objects->create(GetParam().type, GetParam().object, Actor::kPerson);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), GetParam().code) << done.error().message();
  EXPECT_NE(done.error().message().find(GetParam().says), std::string::npos) << done.error().message();
  EXPECT_EQ(store.commits(), 0U);
}

Json with(Json object, const char* pointer, Json value) {
  object[Json::json_pointer(pointer)] = std::move(value);
  return object;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Refused,
    testing::Values(
        RefusedCase{"UnknownType", "widgets", project("a"), Code::kNotFound, "widgets"},
        RefusedCase{"WrongKind", kProjects, with(project("a"), "/kind", "Node"), Code::kInvalid, "kind"},
        RefusedCase{"WrongApiVersion", kProjects, with(project("a"), "/apiVersion", "v1"), Code::kInvalid,
                    "apiVersion"},
        RefusedCase{"BadName", kProjects, project("A_B"), Code::kInvalid, "metadata.name"},
        RefusedCase{"UnknownField", kProjects, with(project("a"), "/spec/colour", "red"), Code::kInvalid,
                    "colour"},
        RefusedCase{"UnknownTopField", kProjects, with(project("a"), "/data", "x"), Code::kInvalid, "data"},
        RefusedCase{"UnknownMetadata", kProjects, with(project("a"), "/metadata/colour", "red"),
                    Code::kInvalid, "colour"},
        RefusedCase{"BadLabel", kProjects, with(project("a"), "/metadata/labels", {{"a b", "c"}}),
                    Code::kInvalid, "metadata.labels"},
        RefusedCase{"VersionOnCreate", kProjects, with(project("a"), "/metadata/resourceVersion", "3"),
                    Code::kInvalid, "resourceVersion"},
        RefusedCase{"BadApplication", kApplications, with(application("a"), "/spec/source/branch", "x"),
                    Code::kInvalid, "branch"},
        RefusedCase{"FactLabel", kProjects,
                    with(project("a"), "/metadata/labels", {{"facts.holdfast.dev/arch", "arm64"}}),
                    Code::kInvalid, "node reports"},
        RefusedCase{"NodeByAPerson", kNodes, node("a", "u"), Code::kPermission, "enrolment"},
        RefusedCase{"EventByAPerson", kEvents, with(project("a"), "/kind", "Event"), Code::kPermission,
                    "hub only"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(ObjectsTest, AChangeOfSpecRaisesTheGenerationAndOneOfLabelsDoesNot) {
  made(kProjects, project("vision"));
  const auto labelled =
      objects->patch(kProjects, "vision", {{"metadata", {{"labels", {{"team", "a"}}}}}}, Actor::kPerson);
  EXPECT_EQ(number_at(**labelled, "metadata/generation"), 1);
  const auto changed =
      objects->patch(kProjects, "vision", {{"spec", {{"description", "other"}}}}, Actor::kPerson);
  EXPECT_EQ(number_at(**changed, "metadata/generation"), 2);
}

TEST_F(ObjectsTest, AnUpdateThatChangesNothingIsNoChange) {
  const auto before = made(kProjects, project("vision"));
  const auto commits = store.commits();
  const auto after = objects->update(kProjects, "vision", *before, Actor::kPerson);
  EXPECT_EQ(*after, before);
  EXPECT_EQ(store.commits(), commits);
}

TEST_F(ObjectsTest, AnUpdateOfAnOldVersionIsAConflict) {
  const Json old = *made(kProjects, project("vision"));
  ASSERT_TRUE(objects->patch(kProjects, "vision", {{"spec", {{"description", "other"}}}}, Actor::kPerson));
  Json mine = old;
  mine["spec"]["description"] = "mine";
  EXPECT_EQ(code_of(objects->update(kProjects, "vision", mine, Actor::kPerson)), Code::kConflict);
  mine["metadata"].erase("resourceVersion");
  EXPECT_TRUE(objects->update(kProjects, "vision", mine, Actor::kPerson));
}

TEST_F(ObjectsTest, APersonWritesNoStatusAndTheHubNoSpecWithIt) {
  made(kProjects, project("vision"));
  const auto patched = objects->patch(kProjects, "vision", {{"status", {{"a", 1}}}}, Actor::kPerson);
  EXPECT_EQ(find_at(**patched, "status"), nullptr);
  const auto shown = objects->update_status(kProjects, "vision", {{"a", 2}}, Persist::kNow);
  EXPECT_EQ(number_at(**shown, "status/a"), 2);
  EXPECT_EQ(text_at(**shown, "spec/description"), "d");
}

TEST_F(ObjectsTest, LabelsFromFactsSurviveAPersonsEdit) {
  Json object = node("cam", "uid-1");
  object["metadata"]["labels"]["facts.holdfast.dev/arch"] = "arm64";
  made(kNodes, object);
  const auto edited = objects->patch(
      kNodes, "cam", {{"metadata", {{"labels", {{"facts.holdfast.dev/arch", nullptr}, {"site", "b"}}}}}},
      Actor::kPerson);
  ASSERT_TRUE(edited);
  EXPECT_EQ(labels_of(**edited).at("facts.holdfast.dev/arch"), "arm64");
  EXPECT_EQ(
      code_of(objects->patch(
          kNodes, "cam", {{"metadata", {{"labels", {{"facts.holdfast.dev/arch", "x86"}}}}}}, Actor::kPerson)),
      Code::kInvalid);
}

TEST_F(ObjectsTest, ANodesUidNeverChanges) {
  made(kNodes, node("cam", "uid-1"));
  EXPECT_EQ(code_of(objects->patch(kNodes, "cam", {{"spec", {{"uid", "uid-2"}}}}, Actor::kHub)),
            Code::kInvalid);
}

// ---- deletes ----

TEST_F(ObjectsTest, WithoutFinalizersADeleteIsAtOnce) {
  made(kProjects, project("vision"));
  ASSERT_TRUE(objects->remove(kProjects, "vision"));
  EXPECT_EQ(code_of(objects->get(kProjects, "vision")), Code::kNotFound);
  restart();
  EXPECT_EQ(code_of(objects->get(kProjects, "vision")), Code::kNotFound);
}

TEST_F(ObjectsTest, WithFinalizersItIsMarkedAndGoesWithTheLastOfThem) {
  Json object = application("cameras");
  object["metadata"]["finalizers"] = {kResourcesFinalizer};
  made(kApplications, object);
  const auto marked = objects->remove(kApplications, "cameras");
  EXPECT_TRUE(is_being_deleted(**marked));
  EXPECT_TRUE(objects->tombstones(kApplications).empty());
  Json rest = **marked;
  rest["metadata"].erase("finalizers");
  ASSERT_TRUE(objects->update(kApplications, "cameras", rest, Actor::kHub));
  EXPECT_EQ(code_of(objects->get(kApplications, "cameras")), Code::kNotFound);
  EXPECT_EQ(objects->tombstones(kApplications).size(), 1U);
}

TEST_F(ObjectsTest, ADeletedApplicationIsRememberedUntilItIsForgotten) {
  const auto object = made(kApplications, application("cameras"));
  ASSERT_TRUE(objects->remove(kApplications, "cameras"));
  restart();
  const auto tombstones = objects->tombstones(kApplications);
  ASSERT_EQ(tombstones.size(), 1U);
  EXPECT_EQ(tombstones[0].uid, uid_of(*object));
  EXPECT_EQ(tombstones[0].name, "cameras");
  ASSERT_TRUE(objects->forget_tombstone(kApplications, tombstones[0].uid));
  restart();
  EXPECT_TRUE(objects->tombstones(kApplications).empty());
}

TEST_F(ObjectsTest, ADeleteMeansOneObjectAndNotItsSuccessor) {
  const auto first = made(kProjects, project("vision"));
  EXPECT_EQ(code_of(objects->remove(kProjects, "vision", {.uid = "another", .resource_version = ""})),
            Code::kConflict);
  EXPECT_TRUE(objects->remove(kProjects, "vision", {.uid = uid_of(*first), .resource_version = ""}));
}

// ---- lists ----

TEST_F(ObjectsTest, ListsBySelectorAndField) {
  for (const auto* name : {"a", "b", "c"}) {
    Json object = project(name);
    object["metadata"]["labels"]["team"] = *name == 'b' ? "two" : "one";
    made(kProjects, object);
  }
  EXPECT_EQ(objects->list(kProjects)->items.size(), 3U);
  EXPECT_EQ(objects->list(kProjects, {"team=one", ""})->items.size(), 2U);
  EXPECT_EQ(objects->list(kProjects, {"team!=one", ""})->items.size(), 1U);
  EXPECT_EQ(objects->list(kProjects, {"", "metadata.name=c"})->items.size(), 1U);
  EXPECT_FALSE(objects->list(kProjects, {"team in", ""}));
  EXPECT_FALSE(objects->list(kProjects, {"", "metadata.name"}));
}

// ---- watches ----

TEST_F(ObjectsTest, AWatchResumesWhereItStopped) {
  made(kProjects, project("a"));
  const auto version = objects->list(kProjects)->version;
  made(kProjects, project("b"));
  ASSERT_TRUE(objects->patch(kProjects, "a", {{"spec", {{"description", "x"}}}}, Actor::kPerson));
  ASSERT_TRUE(objects->remove(kProjects, "b"));
  const auto changes = objects->changes_since(version, kProjects);
  ASSERT_TRUE(changes);
  std::vector<std::pair<ChangeKind, std::string>> seen;
  for (const auto& change : *changes) seen.emplace_back(change.kind, change.name);
  const std::vector<std::pair<ChangeKind, std::string>> expected{
      {ChangeKind::kAdded, "b"}, {ChangeKind::kModified, "a"}, {ChangeKind::kDeleted, "b"}};
  EXPECT_EQ(seen, expected);
  EXPECT_TRUE(objects->changes_since(changes->back().version)->empty());
  EXPECT_TRUE(objects->changes_since(version, kNodes)->empty());
}

TEST_F(ObjectsTest, AWatchThatIsTooOldIsToldSo) {
  const auto version = version_of(*made(kProjects, project("a")));
  restart();
  const auto changes = objects->changes_since(version);
  ASSERT_FALSE(changes);
  EXPECT_EQ(changes.error().code(), Code::kLimit);
}

TEST_F(ObjectsTest, TheListOfChangesIsBounded) {
  made(kProjects, project("a"));
  const auto version = objects->version();
  for (std::size_t i = 0; i <= base::limits::kChangesKeptMax; ++i) {
    ASSERT_TRUE(objects->update_status(kProjects, "a", {{"i", i}}, Persist::kSoon));
  }
  EXPECT_FALSE(objects->changes_since(version));
  EXPECT_EQ(objects->changes_since(version + 1)->size(), base::limits::kChangesKeptMax);
}

TEST_F(ObjectsTest, VersionsNeverRepeatAfterACrash) {
  made(kProjects, project("a"));
  std::uint64_t last = 0;
  for (int i = 0; i < 10; ++i)
    last = version_of(**objects->update_status(kProjects, "a", {{"i", i}}, Persist::kSoon));
  restart();  // nothing was flushed
  EXPECT_GT(version_of(*made(kProjects, project("b"))), last);
}

TEST_F(ObjectsTest, ListenersHearOfEveryChange) {
  int heard = 0;
  const auto id = objects->add_listener([&] { ++heard; });
  made(kProjects, project("a"));
  ASSERT_TRUE(objects->update_status(kProjects, "a", {{"i", 1}}, Persist::kSoon));
  EXPECT_EQ(heard, 2);
  ASSERT_TRUE(objects->update_status(kProjects, "a", {{"i", 1}}, Persist::kSoon));
  EXPECT_EQ(heard, 2) << "the same status is no change";
  objects->remove_listener(id);
  made(kProjects, project("b"));
  EXPECT_EQ(heard, 2);
}

// ---- what is written later ----

TEST_F(ObjectsTest, StatusesReachTheDiskTogether) {
  made(kProjects, project("a"));
  made(kProjects, project("b"));
  const auto commits = store.commits();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(objects->update_status(kProjects, "a", {{"i", i}}, Persist::kSoon));
    ASSERT_TRUE(objects->update_status(kProjects, "b", {{"i", i}}, Persist::kSoon));
  }
  EXPECT_EQ(store.commits(), commits);
  EXPECT_TRUE(objects->is_dirty());
  ASSERT_TRUE(objects->flush());
  EXPECT_EQ(store.commits(), commits + 1);
  EXPECT_FALSE(objects->is_dirty());
  ASSERT_TRUE(objects->flush());
  EXPECT_EQ(store.commits(), commits + 1);
  restart();
  EXPECT_EQ(number_at(**objects->get(kProjects, "a"), "status/i"), 99);
}

TEST_F(ObjectsTest, AFullDiskLosesNothingThatIsInMemory) {
  made(kProjects, project("a"));
  ASSERT_TRUE(objects->update_status(kProjects, "a", {{"i", 1}}, Persist::kSoon));
  store.full_after(0);
  EXPECT_FALSE(objects->flush());
  EXPECT_FALSE(objects->create(kProjects, project("b"), Actor::kPerson));
  EXPECT_FALSE(objects->get(kProjects, "b"));
  store.full_after(std::nullopt);
  ASSERT_TRUE(objects->flush());
  restart();
  EXPECT_EQ(number_at(**objects->get(kProjects, "a"), "status/i"), 1);
}

TEST_F(ObjectsTest, AWriteOfSeveralIsAllOrNothing) {
  made(kProjects, project("a"));
  const auto done = objects->write(Actor::kPerson, [&](ObjectWriter& writer) -> base::Status {
    HF_CHECK(writer.create(kProjects, project("b")).map([](const ObjectPtr&) {}));
    EXPECT_TRUE(writer.get(kProjects, "b")) << "its own changes are seen";
    return writer.create(kProjects, project("a")).map([](const ObjectPtr&) {});
  });
  EXPECT_FALSE(done);
  EXPECT_FALSE(objects->get(kProjects, "b"));
}

TEST_F(ObjectsTest, ReadersAndWritersOfManyThreads) {
  made(kProjects, project("a"));
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        static_cast<void>(objects->update_status(kProjects, "a", {{"t", t}, {"i", i}}, Persist::kSoon));
        static_cast<void>(objects->list(kProjects));
        static_cast<void>(objects->changes_since(objects->version()));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(objects->get(kProjects, "a"));
}

TEST_F(ObjectsTest, RefusesTextThatItCouldNotReadBack) {
  made(kProjects, project("a"));
  Json bad = project("b");
  bad["spec"]["description"] = "a\xff";
  EXPECT_EQ(code_of(objects->create(kProjects, bad, Actor::kPerson)), Code::kInvalid);
  bad["metadata"]["name"] = "a";
  EXPECT_EQ(code_of(objects->update(kProjects, "a", bad, Actor::kPerson)), Code::kInvalid);
  const auto patched = objects->patch(kProjects, "a", {{"spec", {{"description", "\xff"}}}}, Actor::kPerson);
  ASSERT_FALSE(patched);
  EXPECT_EQ(patched.error().message(), "spec.description: is not UTF-8");
  restart();
}

TEST_F(ObjectsTest, CleansWhatTheHubItselfSaysSoThatItCanBeReadBack) {
  made(kProjects, project("a"));
  ASSERT_TRUE(objects->update_status(kProjects, "a", {{"message", "file a\xff"}}, Persist::kNow));
  ASSERT_TRUE(objects->put_soon(kEvents, "e", {{"metadata", {{"name", "e"}}}, {"message", "\xc3"}}));
  ASSERT_TRUE(objects->flush());
  const auto commits = store.commits();
  ASSERT_TRUE(objects->update_status(kProjects, "a", {{"message", "file a\xff"}}, Persist::kNow));
  EXPECT_EQ(store.commits(), commits) << "the same status is no change";
  restart();
  EXPECT_EQ(text_at(**objects->get(kProjects, "a"), "status/message"), "file a\uFFFD");
  EXPECT_EQ(text_at(**objects->get(kEvents, "e"), "message"), "\uFFFD");
}

TEST_F(ObjectsTest, AnObjectThatCannotBeReadCostsNoOtherAndIsNotLost) {
  const std::string broken = "{\"spec\":\"\xff\"}";
  made(kProjects, project("a"));
  ASSERT_TRUE(sync::write_one(store, kObjectTable, "projects/b", broken));
  ASSERT_TRUE(sync::write_one(store, kTombstoneTable, "applications/u", "[]"));
  restart();
  EXPECT_TRUE(objects->get(kProjects, "a"));
  EXPECT_EQ(objects->list(kProjects)->items.size(), 1U);
  const auto read = objects->get(kProjects, "b");
  EXPECT_EQ(code_of(read), Code::kNotFound);
  EXPECT_NE(read.error().message().find("cannot be read"), std::string::npos);
  EXPECT_EQ(code_of(objects->create(kProjects, project("b"), Actor::kHub)), Code::kConflict)
      << "its name is kept: a new object would take the place of the record";
  EXPECT_EQ(sync::read_one(store, kObjectTable, "projects/b"), broken);
  ASSERT_TRUE(objects->remove(kProjects, "b")) << "a person gives it up";
  EXPECT_TRUE(objects->create(kProjects, project("b"), Actor::kHub));
  EXPECT_TRUE(objects->tombstones(kApplications).empty());
}

TEST_F(ObjectsTest, AStatusOfAnySizeDoesNotKeepAPersonFromChangingTheObject) {
  made(kNodes, node("cam", "uid-1"));
  const Json status{{"message", std::string(base::limits::kObjectBytesMax, 'x')}};
  ASSERT_TRUE(objects->update_status(kNodes, "cam", status, Persist::kNow));
  EXPECT_TRUE(objects->patch(kNodes, "cam", {{"spec", {{"revoked", true}}}}, Actor::kPerson));
  const Json large{{"spec", {{"fingerprint", std::string(base::limits::kObjectBytesMax, 'x')}}}};
  EXPECT_EQ(code_of(objects->patch(kNodes, "cam", large, Actor::kPerson)), Code::kLimit);
}

TEST_F(ObjectsTest, ARemovedListenerIsNotCalledAnyMore) {
  std::promise<void> entered;
  std::promise<void> leave;
  std::atomic<bool> removed = false;
  const auto id = objects->add_listener([&] {
    entered.set_value();
    leave.get_future().wait();
  });
  std::thread writer([&] { made(kProjects, project("a")); });
  entered.get_future().wait();
  std::thread remover([&] {
    objects->remove_listener(id);
    removed = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(removed) << "what the listener uses may be destroyed as soon as it is removed";
  leave.set_value();
  writer.join();
  remover.join();
}

TEST(ResourceTypes, AreFoundByEveryNameThatPeopleType) {
  for (const auto* name : {"applications", "application", "Application", "app", "APPS"}) {
    ASSERT_NE(find_type_by_any_name(name), nullptr) << name;
    EXPECT_EQ(find_type_by_any_name(name)->plural, kApplications);
  }
  EXPECT_EQ(find_type_by_any_name("widget"), nullptr);
}

TEST(ResourceTypes, AgesReadLikeKubectls) {
  using namespace std::chrono_literals;
  const base::WallTime now{1'000'000s};
  EXPECT_EQ(human_age(now - 5s, now), "5s");
  EXPECT_EQ(human_age(now - 119s, now), "119s");
  EXPECT_EQ(human_age(now - 200s, now), "3m20s");
  EXPECT_EQ(human_age(now - 45min, now), "45m");
  EXPECT_EQ(human_age(now - 200min, now), "3h20m");
  EXPECT_EQ(human_age(now - 30h, now), "30h");
  EXPECT_EQ(human_age(now - 75h, now), "3d3h");
  EXPECT_EQ(human_age(now + 5s, now), "0s") << "a clock that was set back";
}

}  // namespace
}  // namespace holdfast::hub
