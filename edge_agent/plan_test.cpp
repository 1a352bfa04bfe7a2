// SPDX-License-Identifier: Apache-2.0
// Examples of what plan() decides, one situation a row. A name such as "A/a" is resource File/a of
// application A.
#include "edge_agent/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "edge_agent/driver.hpp"

namespace holdfast::edge_agent {
namespace {

using sync::Claim;
using sync::InventoryEntry;
using sync::InventoryPhase;
using sync::ResourceKey;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const base::Digest kSpec = base::Digest::of("spec");
const base::Digest kOther = base::Digest::of("another spec");
const base::Digest kSection = base::Digest::of("section");
const base::Digest kFailed = base::Digest::of("failed section");

Claim at(const std::string& path) { return {sync::ClaimKind::kPath, path}; }
ResourceKey file(const std::string& name) {
  return {.group = "holdfast.dev", .kind = "File", .ns = "default", .name = name};
}

DesiredItem item(const std::string& name, const std::string& path) {
  return {.key = file(name),
          .claims = {at(path)},
          .effective = kSpec,
          .wave = 0,
          .kind_order = 10,
          .depends_on = {},
          .prune_disabled = false};
}

InventoryEntry entry(const std::string& application, const std::string& name, const std::string& path) {
  return {.claim = at(path),
          .key = file(name),
          .application = sync::ApplicationUid(application),
          .made_by = kSection,
          .effective = kSpec,
          .phase = InventoryPhase::kApplied,
          .prune_disabled = false,
          .adopted = false};
}

const Observed kAbsent{};
const Observed kRight{.present = true, .matches = true, .ours = true};
const Observed kRightUnmarked{.present = true, .matches = true, .ours = false};
const Observed kWrong{.present = true, .matches = false, .ours = true, .difference = "content differs"};
const Observed kForeign{.present = true, .matches = false, .ours = false, .difference = "content differs"};

struct Scene {
  PlanInput input;
  Scene& section(const std::string& application, std::vector<DesiredItem> items) {
    SectionInput section;
    section.application = sync::ApplicationUid(application);
    section.name = application;
    section.digest = kSection;
    section.permission = DeletePermission::kLimited;
    section.items = std::move(items);
    input.sections.push_back(std::move(section));
    return *this;
  }
  Scene& owns(InventoryEntry known) {
    const Claim claim = known.claim;
    input.inventory.emplace(claim, std::move(known));
    return *this;
  }
  Scene& host(const std::string& path, const Observed& observed) {
    input.actual.insert_or_assign(at(path), observed);
    return *this;
  }
  SectionInput& last() { return input.sections.back(); }
};

/// "Create a", "Delete b" …
std::vector<std::string> actions_of(const Scene& scene) {
  std::vector<std::string> out;
  for (const auto& action : plan(scene.input).actions) {
    out.push_back(std::string(to_string(action.kind)) + " " + action.key.name);
  }
  return out;
}

std::vector<std::string> withheld_of(const Scene& scene) {
  std::vector<std::string> out;
  for (const auto& withheld : plan(scene.input).withheld) {
    out.push_back(std::string(to_string(withheld.reason)) + " " + withheld.key.name);
  }
  return out;
}

// ---- one claim of one resource ----

struct OneClaim {
  const char* name;
  Observed seen;
  std::optional<InventoryEntry> known;
  std::vector<std::string> actions;
};

InventoryEntry with_phase(InventoryEntry known, InventoryPhase phase) {
  known.phase = phase;
  return known;
}
InventoryEntry with_effective(InventoryEntry known, const base::Digest& effective) {
  known.effective = effective;
  return known;
}

class PlanOneClaim : public ::testing::TestWithParam<OneClaim> {};

TEST_P(PlanOneClaim, Decides) {
  Scene scene;
  scene.section("A", {item("a", "/a")}).host("/a", GetParam().seen);
  if (GetParam().known) scene.owns(*GetParam().known);
  EXPECT_EQ(actions_of(scene), GetParam().actions);
}

INSTANTIATE_TEST_SUITE_P(
    Table, PlanOneClaim,
    ::testing::Values(OneClaim{"NothingThere", kAbsent, {}, {"Create a"}},
                      OneClaim{"OursIsMissing", kAbsent, entry("A", "a", "/a"), {"Create a"}},
                      OneClaim{"OursIsRight", kRight, entry("A", "a", "/a"), {}},
                      OneClaim{"OursDiffers", kWrong, entry("A", "a", "/a"), {"Update a"}},
                      OneClaim{"OursWasReplacedByAnEditor", kForeign, entry("A", "a", "/a"), {"Update a"}},
                      OneClaim{"OursLostItsMark", kRightUnmarked, entry("A", "a", "/a"), {"Adopt a"}},
                      OneClaim{"ForeignAndRight", kRightUnmarked, {}, {"Adopt a"}},
                      OneClaim{"ForeignAndDifferent", kForeign, {}, {"TakeOver a"}},
                      OneClaim{"MarkedButInventoryLost", kRight, {}, {"Adopt a"}},
                      OneClaim{"IntentThatWasCarriedOut",
                               kRight,
                               with_phase(entry("A", "a", "/a"), InventoryPhase::kIntent),
                               {"Adopt a"}},
                      OneClaim{"IntentThatWasNot",
                               kAbsent,
                               with_phase(entry("A", "a", "/a"), InventoryPhase::kIntent),
                               {"Create a"}},
                      OneClaim{"DeleteThatIsNoLongerWanted",
                               kRight,
                               with_phase(entry("A", "a", "/a"), InventoryPhase::kDeleting),
                               {"Adopt a"}},
                      OneClaim{"SpecChangedAndHostIsRight",
                               kRight,
                               with_effective(entry("A", "a", "/a"), kOther),
                               {"Adopt a"}},
                      OneClaim{"RenamedAndRight", kRight, entry("A", "old", "/a"), {"Adopt a"}},
                      OneClaim{"RenamedAndDifferent", kWrong, entry("A", "old", "/a"), {"TakeOver a"}},
                      OneClaim{"MovedFromAnotherApplication", kRight, entry("B", "b", "/a"), {"Adopt a"}}),
    [](const auto& info) { return info.param.name; });

TEST(Plan, DecidesNothingAboutWhatItDoesNotSee) {
  Scene scene;
  scene.section("A", {item("a", "/a")}).owns(entry("A", "gone", "/gone"));
  EXPECT_THAT(actions_of(scene), IsEmpty());
  EXPECT_THAT(withheld_of(scene), IsEmpty());
}

// ---- claims ----

TEST(Plan, TheOwnerInTheInventoryKeepsAContestedClaim) {
  Scene scene;
  scene.section("A", {item("a", "/x")})
      .section("B", {item("b", "/x")})
      .owns(entry("B", "b", "/x"))
      .host("/x", kRight);
  EXPECT_THAT(actions_of(scene), IsEmpty());
  EXPECT_THAT(withheld_of(scene), ElementsAre("ClaimConflict a"));
}

TEST(Plan, WithoutAnOwnerTheSmallerApplicationNameGetsTheClaimAndBothAreNamed) {
  Scene scene;
  scene.section("B", {item("b", "/x")}).section("A", {item("a", "/x")}).host("/x", kAbsent);
  const Plan result = plan(scene.input);
  EXPECT_THAT(actions_of(scene), ElementsAre("Create a"));
  ASSERT_EQ(result.withheld.size(), 1U);
  EXPECT_THAT(result.withheld[0].message, HasSubstr("path:/x is held by File/a of application A"));
  EXPECT_THAT(result.withheld[0].message, HasSubstr("File/b of application B wants it too"));
}

TEST(Plan, TheRestOfTheLoserGoesOn) {
  Scene scene;
  scene.section("A", {item("a", "/x")}).section("B", {item("b", "/x"), item("c", "/c")});
  scene.host("/x", kAbsent).host("/c", kAbsent);
  EXPECT_THAT(actions_of(scene), ElementsAre("Create a", "Create c"));
}

TEST(Plan, AnApplicationThatOwnsTheClaimMayRenameWhileAnotherWantsIt) {
  Scene scene;
  scene.section("A", {item("a", "/x")})
      .section("B", {item("new", "/x")})
      .owns(entry("B", "old", "/x"))
      .host("/x", kRight);
  EXPECT_THAT(actions_of(scene), ElementsAre("Adopt new"));
  EXPECT_THAT(withheld_of(scene), ElementsAre("ClaimConflict a"));
}

// ---- leftovers ----

struct Leftover {
  const char* name;
  void (*change)(Scene& scene);
  std::vector<std::string> actions;
  std::vector<std::string> withheld;
};

class PlanLeftover : public ::testing::TestWithParam<Leftover> {};

TEST_P(PlanLeftover, Decides) {
  Scene scene;
  scene.section("A", {}).owns(entry("A", "old", "/old")).host("/old", kRight);
  GetParam().change(scene);
  EXPECT_EQ(actions_of(scene), GetParam().actions);
  EXPECT_EQ(withheld_of(scene), GetParam().withheld);
}

INSTANTIATE_TEST_SUITE_P(
    Table, PlanLeftover,
    ::testing::Values(
        Leftover{"IsDeleted", [](Scene&) {}, {"Delete old"}, {}},
        Leftover{
            "EditedByHandIsDeletedAllTheSame", [](Scene& s) { s.host("/old", kWrong); }, {"Delete old"}, {}},
        Leftover{"GoneIsForgotten", [](Scene& s) { s.host("/old", kAbsent); }, {"Forget old"}, {}},
        Leftover{
            "ReplacedByAForeignOneStays", [](Scene& s) { s.host("/old", kForeign); }, {}, {"NotOurs old"}},
        Leftover{"WithoutProofStays",
                 [](Scene& s) { s.last().permission = DeletePermission::kNone; },
                 {},
                 {"NoProof old"}},
        Leftover{
            "AppWithoutPruneKeepsIt", [](Scene& s) { s.last().prune = false; }, {}, {"PruneDisabled old"}},
        Leftover{"AnnotationKeepsIt",
                 [](Scene& s) { s.input.inventory.at(at("/old")).prune_disabled = true; },
                 {},
                 {"PruneDisabled old"}},
        Leftover{"WithheldForItsTakerStays",
                 [](Scene& s) { s.last().withhold = {at("/old")}; },
                 {},
                 {"TakenOver old"}},
        Leftover{"DesiredByAnotherApplicationIsNotALeftover",
                 [](Scene& s) { s.section("B", {item("b", "/old")}); },
                 {"Adopt b"},
                 {}},
        Leftover{"OfAnApplicationNobodySpeaksOfStays",
                 [](Scene& s) { s.input.inventory.at(at("/old")).application = sync::ApplicationUid("Z"); },
                 {},
                 {}}),
    [](const auto& info) { return info.param.name; });

TEST(Plan, DeletesComeLastAndInReverseOrder) {
  Scene scene;
  scene.section("A", {item("new", "/new")}).host("/new", kAbsent);
  for (const char* name : {"x", "y", "z"}) {
    scene.owns(entry("A", name, std::string("/") + name)).host(std::string("/") + name, kRight);
  }
  EXPECT_THAT(actions_of(scene), ElementsAre("Create new", "Delete z", "Delete y", "Delete x"));
}

InventoryEntry placed(const std::string& name, std::int64_t wave, std::uint32_t depth) {
  InventoryEntry known = entry("A", name, "/" + name);
  known.wave = wave;
  known.depth = depth;
  return known;
}

TEST(Plan, DeletesGoByWaveThenByWhatDependedOnWhat) {
  Scene scene;
  scene.section("A", {});
  for (const auto& known :
       {placed("a", 2, 0), placed("b", 1, 0), placed("c", 1, 1), placed("z", -1, 0), placed("y", 0, 0)}) {
    scene.owns(known).host("/" + known.key.name, kRight);
  }
  EXPECT_THAT(actions_of(scene), ElementsAre("Delete a", "Delete c", "Delete b", "Delete y", "Delete z"));
  EXPECT_EQ(plan(scene.input).actions[0].wave, 2);
}

TEST(Plan, ALeftoverThatCannotBeLookedAtIsWithheldAndSaysWhy) {
  Scene scene;
  scene.section("A", {}).owns(entry("A", "old", "/old"));
  scene.input.unobservable.emplace(at("/old"), base::Error(base::Code::kIo, "Input/output error"));
  EXPECT_THAT(actions_of(scene), IsEmpty());
  EXPECT_THAT(withheld_of(scene), ElementsAre("Unobservable old"));
  EXPECT_THAT(plan(scene.input).withheld[0].message, HasSubstr("Input/output error"));
  scene.last().prune = false;
  EXPECT_THAT(withheld_of(scene), ElementsAre("PruneDisabled old")) << "nobody wants it to go";
}

Scene with_leftovers(int count, sync::PruneLimit limit) {
  Scene scene;
  scene.section("A", {});
  scene.last().prune_limit = limit;
  for (int i = 0; i < count; ++i) {
    const std::string name = "f" + std::to_string(10 + i);
    scene.owns(entry("A", name, "/" + name)).host("/" + name, kRight);
  }
  return scene;
}

TEST(PlanPruneLimit, UpToTenAreAlwaysAllowed) {
  EXPECT_EQ(actions_of(with_leftovers(10, {sync::PruneLimit::Unit::kCount, 1})).size(), 10U);
}

TEST(PlanPruneLimit, MoreThanTheLimitWaitsForAPersonAndSaysHow) {
  const Scene scene = with_leftovers(12, {sync::PruneLimit::Unit::kPercent, 50});
  const Plan result = plan(scene.input);
  EXPECT_THAT(result.actions, IsEmpty());
  ASSERT_EQ(result.withheld.size(), 12U);
  EXPECT_EQ(result.withheld[0].reason, WithheldReason::kPruneLimit);
  EXPECT_THAT(result.withheld[0].message, HasSubstr("would delete 12 of 12 objects"));
  EXPECT_THAT(result.withheld[0].message, HasSubstr("holdfast sync A --confirm-prune"));
}

TEST(PlanPruneLimit, APersonLiftsIt) {
  Scene scene = with_leftovers(12, {sync::PruneLimit::Unit::kPercent, 50});
  scene.last().permission = DeletePermission::kConfirmed;
  EXPECT_EQ(actions_of(scene).size(), 12U);
}

TEST(PlanPruneLimit, AppliesGoOnAllTheSame) {
  Scene scene = with_leftovers(12, {sync::PruneLimit::Unit::kPercent, 50});
  scene.last().items = {item("new", "/new")};
  scene.host("/new", kAbsent);
  EXPECT_THAT(actions_of(scene), ElementsAre("Create new"));
}

TEST(PlanPruneLimit, DeletesThatWereDecidedBeforeDoNotCountAgain) {
  Scene scene = with_leftovers(12, {sync::PruneLimit::Unit::kCount, 1});
  for (auto& [claim, known] : scene.input.inventory) known.phase = InventoryPhase::kDeleting;
  EXPECT_EQ(actions_of(scene).size(), 12U);
}

TEST(PlanPruneLimit, CountsWhatCannotBeLookedAtNow) {
  Scene scene = with_leftovers(12, {sync::PruneLimit::Unit::kPercent, 50});
  for (const char* path : {"/f10", "/f11", "/f12"}) {
    scene.input.actual.erase(at(path));
    scene.input.unobservable.emplace(at(path), base::Error(base::Code::kIo, "Input/output error"));
  }
  EXPECT_THAT(actions_of(scene), IsEmpty()) << "else nine would go today, and three tomorrow";
}

TEST(PlanPruneLimit, WhatIsGoneAlreadyIsForgottenWithoutCounting) {
  Scene scene = with_leftovers(12, {sync::PruneLimit::Unit::kCount, 1});
  for (auto& [claim, seen] : scene.input.actual) seen = kAbsent;
  EXPECT_EQ(actions_of(scene).size(), 12U);
  EXPECT_THAT(withheld_of(scene), IsEmpty());
}

// ---- hooks that are over ----

/// One that has ended well and is to be deleted for it.
Scene over_hook(const InventoryEntry& known, Observed seen) {
  Scene scene;
  auto hook = item("hook", "/hook");
  hook.hook = sync::Hook{.stage = sync::HookStage::kPreSync, .delete_succeeded = true};
  hook.rests = true;
  seen.end = Observed::End::kWell;
  scene.section("A", {hook}).owns(known).host("/hook", seen);
  scene.last().clears_hooks = true;
  return scene;
}

TEST(PlanHook, OneThatIsOverGoesAsItsPolicySays) {
  EXPECT_THAT(actions_of(over_hook(entry("A", "hook", "/hook"), kRight)), ElementsAre("Delete hook"));
}

TEST(PlanHook, OneThatIsNotOursStays) {
  EXPECT_THAT(actions_of(over_hook(entry("A", "hook", "/hook"), kForeign)), IsEmpty());
}

TEST(PlanHook, OneThatWasThereBeforeStays) {
  auto known = entry("A", "hook", "/hook");
  known.adopted = true;
  EXPECT_THAT(actions_of(over_hook(known, kRight)), IsEmpty());
}

TEST(PlanHook, OneThatIsNotToBePrunedStays) {
  auto known = entry("A", "hook", "/hook");
  known.prune_disabled = true;
  EXPECT_THAT(actions_of(over_hook(known, kRight)), IsEmpty());
}

TEST(PlanHook, OneWhoseClaimSomebodyElseHoldsStays) {
  EXPECT_THAT(actions_of(over_hook(entry("B", "hook", "/hook"), kRight)), IsEmpty());
  auto scene = over_hook(entry("B", "other", "/hook"), kRight);
  scene.section("B", {item("other", "/hook")});
  EXPECT_THAT(actions_of(scene), testing::Not(testing::Contains("Delete hook")));
}

TEST(PlanHook, NoneGoesWithoutPermission) {
  auto scene = over_hook(entry("A", "hook", "/hook"), kRight);
  scene.last().clears_hooks = false;
  EXPECT_THAT(actions_of(scene), IsEmpty());
}

TEST(PlanHook, OneThatRunsAndIsNotDesiredGoesFirstWhereNothingIsPrunedToo) {
  auto known = entry("A", "hook", "/hook");
  known.hook = true;
  auto runs = kRight;
  runs.end = Observed::End::kRuns;
  Scene scene;
  scene.section("A", {item("a", "/a")}).host("/a", kAbsent).owns(known).host("/hook", runs);
  scene.last().prune = false;
  EXPECT_THAT(actions_of(scene), ElementsAre("Create a", "Delete hook"));
  EXPECT_TRUE(plan(scene.input).actions.back().goes_first);
  scene.last().permission = DeletePermission::kNone;
  EXPECT_THAT(withheld_of(scene), ElementsAre("NoProof hook"));
}

/// What comes next waits for the word on it, whether the revision has it or not.
TEST(PlanHook, OneOfAnEarlierAttemptOfWhichNothingIsKnownYetMayRun) {
  auto known = entry("A", "hook", "/hook");
  known.hook = true;
  known.effective = kOther;
  auto again = item("hook", "/hook");
  again.hook = sync::Hook{.stage = sync::HookStage::kPreSync};
  for (const auto& items : {std::vector{again}, std::vector{item("a", "/a")}}) {
    Scene scene;
    scene.section("A", items).owns(known).host("/a", kRight);
    scene.last().clears_hooks = true;
    scene.last().prune = false;
    scene.input.unobservable.emplace(at("/hook"), not_known_yet("is being listed"));
    EXPECT_THAT(withheld_of(scene), ElementsAre("Unobservable hook"));
    EXPECT_TRUE(plan(scene.input).withheld.front().goes_first);
    EXPECT_TRUE(plan(scene.input).withheld.front().is_not_known_yet);
  }
}

TEST(PlanHook, OneThatHasEndedAndIsNotDesiredIsALeftoverLikeOthers) {
  auto known = entry("A", "hook", "/hook");
  known.hook = true;
  auto over = kRight;
  over.end = Observed::End::kWell;
  Scene scene;
  scene.section("A", {}).owns(known).host("/hook", over);
  scene.last().prune = false;
  EXPECT_THAT(withheld_of(scene), ElementsAre("PruneDisabled hook"));
}

// ---- rollback and removal ----

TEST(PlanRollback, DeletesWhatAGoodStateMadeThatWasGivenUpOnTheWay) {
  Scene scene;
  scene.section("A", {});
  scene.last().mode = SectionMode::kRollback;
  scene.last().failed = kFailed;
  scene.last().given_up = {kOther};
  auto made = entry("A", "made", "/made");
  made.made_by = kOther;
  auto foreign = entry("A", "foreign", "/foreign");
  foreign.made_by = kOther;
  auto kept = entry("A", "kept", "/kept");
  kept.made_by = kOther;
  kept.prune_disabled = true;
  scene.owns(made)
      .host("/made", kRight)
      .owns(foreign)
      .host("/foreign", kForeign)
      .owns(kept)
      .host("/kept", kRight);
  scene.owns(entry("A", "older", "/older")).host("/older", kRight);
  EXPECT_THAT(actions_of(scene), ElementsAre("Delete made"));
  EXPECT_THAT(withheld_of(scene),
              testing::UnorderedElementsAre("KeptByRollback older", "NotOurs foreign", "PruneDisabled kept"));
}

TEST(PlanRollback, DeletesOnlyWhatTheFailedSectionMade) {
  Scene scene;
  scene.section("A", {item("kept", "/kept")}).host("/kept", kRight).owns(entry("A", "kept", "/kept"));
  scene.last().mode = SectionMode::kRollback;
  scene.last().failed = kFailed;
  auto made = entry("A", "made", "/made");
  made.made_by = kFailed;
  auto adopted = entry("A", "adopted", "/adopted");
  adopted.made_by = kFailed;
  adopted.adopted = true;
  scene.owns(made).host("/made", kRight).owns(adopted).host("/adopted", kRight);
  scene.owns(entry("A", "older", "/older")).host("/older", kRight);
  EXPECT_THAT(actions_of(scene), ElementsAre("Delete made"));
  EXPECT_THAT(withheld_of(scene), ElementsAre("KeptByRollback older", "KeptByRollback adopted"));
}

Scene removal(SectionMode mode) {
  Scene scene;
  scene.section("A", {}).owns(entry("A", "x", "/x")).host("/x", kRight);
  scene.last().mode = mode;
  return scene;
}

TEST(PlanRemoval, PruneDeletesWhatTheApplicationMade) {
  EXPECT_THAT(actions_of(removal(SectionMode::kPrune)), ElementsAre("Delete x"));
}

TEST(PlanRemoval, ReleaseForgetsAndTouchesNothing) {
  EXPECT_THAT(actions_of(removal(SectionMode::kRelease)), ElementsAre("Forget x"));
}

TEST(PlanRemoval, WhatMustStayIsForgottenSoThatTheRemovalEnds) {
  Scene scene = removal(SectionMode::kPrune);
  scene.input.inventory.at(at("/x")).prune_disabled = true;
  EXPECT_THAT(actions_of(scene), ElementsAre("Forget x"));
  EXPECT_THAT(withheld_of(scene), IsEmpty());
}

TEST(PlanRemoval, KeepsItsPruneLimit) {
  Scene scene = with_leftovers(12, {sync::PruneLimit::Unit::kPercent, 50});
  scene.last().mode = SectionMode::kPrune;
  EXPECT_THAT(actions_of(scene), IsEmpty());
}

TEST(Plan, ApplicationsStandOneAfterTheOtherAndDoNotMix) {
  Scene scene;
  scene.section("A", {item("a", "/a")}).section("B", {item("b", "/b")});
  scene.owns(entry("A", "old", "/old")).host("/a", kAbsent).host("/b", kAbsent).host("/old", kRight);
  EXPECT_THAT(actions_of(scene), ElementsAre("Create a", "Delete old", "Create b"));
}

}  // namespace
}  // namespace holdfast::edge_agent
