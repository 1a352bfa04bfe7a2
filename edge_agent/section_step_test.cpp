// SPDX-License-Identifier: Apache-2.0
// The life of a section, row by row, and the books it keeps.
#include "edge_agent/section_step.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits/agent.hpp"

namespace holdfast::edge_agent {
namespace {

using Phase = sync::SectionPhase;
using Event = SectionEvent;
using Command = SectionCommand;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const base::Digest kNew = base::Digest::of("new");
const base::Digest kGood = base::Digest::of("good");
const base::Digest kOlder = base::Digest::of("older");
constexpr std::uint32_t kLimit = 2;

SectionRecord record_in(Phase phase) {
  SectionRecord record;
  record.accepted.application = sync::ApplicationUid("app");
  record.accepted.name = "app";
  record.accepted.digest = kNew;
  record.applied = kGood;
  record.last_good = {kGood};
  record.phase = phase;
  return record;
}

struct Row {
  const char* name;
  Phase phase;
  Event event;
  SectionStep next;
};

class SectionTable : public ::testing::TestWithParam<Row> {};

TEST_P(SectionTable, Steps) {
  const auto& row = GetParam();
  EXPECT_EQ(step(record_in(row.phase), row.event, kLimit), row.next);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, SectionTable,
    ::testing::Values(
        Row{"NewStateBegins", Phase::kSynced, Event::kAccepted, {Phase::kPending, Command::kApply}},
        Row{"NewStatePreemptsARetry", Phase::kRetrying, Event::kAccepted, {Phase::kPending, Command::kApply}},
        Row{"NewStatePreemptsARollback",
            Phase::kRollingBack,
            Event::kAccepted,
            {Phase::kPending, Command::kApply}},
        Row{"NewStateEndsAHold", Phase::kHeld, Event::kAccepted, {Phase::kPending, Command::kApply}},
        Row{"Walks", Phase::kPending, Event::kBegin, {Phase::kApplying, Command::kApply}},
        Row{"RetryIsDue", Phase::kRetrying, Event::kBegin, {Phase::kApplying, Command::kApply}},
        Row{"CannotDoIt", Phase::kApplying, Event::kUnable, {Phase::kUnschedulable, Command::kKeep}},
        Row{"IsDone", Phase::kApplying, Event::kAllHealthy, {Phase::kSynced, Command::kReportApplied}},
        Row{"MayNotDeleteThatMuch", Phase::kApplying, Event::kOverPruneLimit, {Phase::kHeld, Command::kKeep}},
        Row{"WaitsForAClaim", Phase::kApplying, Event::kClaimWaits, {Phase::kPending, Command::kKeep}},
        Row{"FirstFailure", Phase::kApplying, Event::kFailed, {Phase::kRetrying, Command::kScheduleRetry}},
        Row{"HopelessFailure",
            Phase::kApplying,
            Event::kFailedForGood,
            {Phase::kRollingBack, Command::kRollBack}},
        Row{"DiskFullNeverRollsBack",
            Phase::kApplying,
            Event::kHostFailed,
            {Phase::kRetrying, Command::kScheduleRetry}},
        Row{"LaterFailureOfWhatIsSyncedChangesNothing",
            Phase::kSynced,
            Event::kFailed,
            {Phase::kSynced, Command::kNothing}},
        Row{"IsBack", Phase::kRollingBack, Event::kAllHealthy, {Phase::kQuarantined, Command::kKeep}},
        Row{"GoingBackIsTriedAgain",
            Phase::kRollingBack,
            Event::kRollbackFailed,
            {Phase::kRollingBack, Command::kScheduleRetry}},
        Row{"APersonLiftsTheQuarantine",
            Phase::kQuarantined,
            Event::kRetryAsked,
            {Phase::kPending, Command::kApply}},
        Row{"APersonLooksAgain", Phase::kSynced, Event::kRetryAsked, {Phase::kSynced, Command::kKeep}},
        Row{"WhatIsSyncedCannotBeLoadedAnyMore",
            Phase::kSynced,
            Event::kUnable,
            {Phase::kUnschedulable, Command::kKeep}},
        Row{"WhatIsHeldWouldNotGo",
            Phase::kHeld,
            Event::kHostFailed,
            {Phase::kHeld, Command::kScheduleRetry}},
        Row{"IsRemoved", Phase::kRemoving, Event::kRemoved, {Phase::kRemoving, Command::kErase}},
        Row{"RemovalWaitsForAPerson",
            Phase::kRemoving,
            Event::kOverPruneLimit,
            {Phase::kHeld, Command::kKeep}},
        Row{"RemovalBegins", Phase::kSynced, Event::kRemovalAccepted, {Phase::kRemoving, Command::kApply}},
        Row{"APairWithoutARowKeepsThePhase",
            Phase::kSynced,
            Event::kRemoved,
            {Phase::kSynced, Command::kNothing}}),
    [](const auto& info) { return info.param.name; });

TEST(SectionBooks, FailuresCountUntilTheLimitThenTheDigestIsQuarantined) {
  SectionRecord record = record_in(Phase::kApplying);
  for (std::uint32_t attempt = 1; attempt <= kLimit; ++attempt) {
    record = advance(record, Event::kFailed, kLimit).record;
    EXPECT_EQ(record.attempt, attempt);
    EXPECT_EQ(record.phase, Phase::kRetrying);
    EXPECT_THAT(record.quarantined, IsEmpty());
    record = advance(record, Event::kBegin, kLimit).record;
  }
  const Advance last = advance(record, Event::kFailed, kLimit);
  EXPECT_EQ(last.command, Command::kRollBack);
  EXPECT_THAT(last.record.quarantined, ElementsAre(kNew));
  EXPECT_EQ(target_digest(last.record), kGood);
  EXPECT_EQ(last.record.accepted.digest, kNew) << "a rollback never lowers what was accepted";
}

TEST(SectionBooks, WithoutALastGoodItStopsAndKeepsWhatIsThere) {
  SectionRecord record = record_in(Phase::kApplying);
  record.last_good.clear();
  const Advance next = advance(record, Event::kFailedForGood, kLimit);
  EXPECT_EQ(next.record.phase, Phase::kQuarantined);
  EXPECT_EQ(next.command, Command::kKeep);
  EXPECT_EQ(target_digest(next.record), kNew);
}

TEST(SectionBooks, WhatWasGoodHereBeforeIsNeverQuarantined) {
  SectionRecord record = record_in(Phase::kApplying);
  record.applied = kNew;
  record.attempt = 100;
  const Advance next = advance(record, Event::kFailed, kLimit);
  EXPECT_EQ(next.record.phase, Phase::kRetrying);
  EXPECT_THAT(next.record.quarantined, IsEmpty());
}

TEST(SectionBooks, SuccessIsRememberedAsAppliedAndLastGood) {
  SectionRecord record = record_in(Phase::kApplying);
  record.attempt = 2;
  record.reason = "Io";
  const auto done = advance(record, Event::kAllHealthy, kLimit).record;
  EXPECT_EQ(done.applied, kNew);
  EXPECT_THAT(done.last_good, ElementsAre(kNew, kGood));
  EXPECT_EQ(done.attempt, 0U);
  EXPECT_EQ(done.reason, "");
}

TEST(SectionBooks, OnlySoManyLastGoodOnesAreKept) {
  SectionRecord record = record_in(Phase::kApplying);
  record.last_good = {kGood, kOlder, base::Digest::of("oldest")};
  const auto done = advance(record, Event::kAllHealthy, kLimit).record;
  EXPECT_EQ(done.last_good.size(), base::limits::kLastGoodKept);
  EXPECT_EQ(done.last_good.front(), kNew);
}

TEST(SectionBooks, AHeldSectionIsAppliedAndGood) {
  const auto held = advance(record_in(Phase::kApplying), Event::kOverPruneLimit, kLimit).record;
  EXPECT_EQ(held.applied, kNew);
  EXPECT_EQ(held.last_good.front(), kNew);
}

TEST(SectionBooks, AKnownBadDigestThatComesAgainIsNotTried) {
  SectionRecord record = record_in(Phase::kSynced);
  record.quarantined = {kNew};
  record.reason = "ProgressDeadlineExceeded";
  const Advance next = advance(record, Event::kAccepted, kLimit);
  EXPECT_EQ(next.record.reason, "ProgressDeadlineExceeded") << "it goes on saying why it is bad";
  EXPECT_EQ(next.record.phase, Phase::kRollingBack);
  EXPECT_EQ(target_digest(next.record), kGood);
}

TEST(SectionBooks, APersonsRetryForgetsThatItWasBad) {
  SectionRecord record = record_in(Phase::kQuarantined);
  record.quarantined = {kNew, kOlder};
  record.attempt = 3;
  const auto lifted = advance(record, Event::kRetryAsked, kLimit).record;
  EXPECT_THAT(lifted.quarantined, ElementsAre(kOlder));
  EXPECT_EQ(lifted.attempt, 0U);
  EXPECT_EQ(target_digest(lifted), kNew);
}

TEST(SectionRecordBytes, ComeBackAsTheyWere) {
  SectionRecord record = record_in(Phase::kHeld);
  record.accepted.revision = sync::Revision("abc");
  record.accepted.withhold = {{sync::ClaimKind::kPath, "/etc/a"}};
  record.accepted.prune_confirmed = true;
  record.quarantined = {kOlder};
  record.attempt = 2;
  record.reason = "PruneLimit";
  record.message = "would delete 20 of 20";
  const auto again = decode_section_record(encode_section_record(record));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(*again, record);
}

TEST(SectionRecordBytes, KeepARemoval) {
  SectionRecord record = record_in(Phase::kRemoving);
  record.removal_pending = true;
  record.removal = {.application = record.accepted.application,
                    .name = record.accepted.name,
                    .mode = sync::RemovalMode::kPrune,
                    .confirmed = true};
  const auto again = decode_section_record(encode_section_record(record));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(*again, record);
}

TEST(SectionRecordBytes, AreRefusedWhenTheySayWhatNobodyWrote) {
  for (const char* bytes : {"", "{}", "[]", R"({"phase":"Applying"})", "not json"}) {
    EXPECT_FALSE(decode_section_record(bytes)) << bytes;
  }
  std::string more = encode_section_record(record_in(Phase::kSynced));
  more.insert(1, R"("extra":1,)");
  EXPECT_FALSE(decode_section_record(more));
}

// ---- hooks ----

TEST(SectionHooks, OfSyncFailRunBetweenTheLastFailureAndTheWayBack) {
  SectionRecord record = record_in(Phase::kApplying);
  record.attempt = kLimit;
  auto next = advance(record, Event::kFailed, kLimit, SectionHooks::kSyncFail);
  EXPECT_EQ(next.record.phase, Phase::kFailing);
  EXPECT_EQ(next.command, Command::kApply);
  EXPECT_TRUE(is_quarantined(next.record, kNew)) << "whoever dies now, it is known to be bad";
  EXPECT_EQ(target_digest(next.record), kNew);
  next = advance(next.record, Event::kHooksOver, kLimit, SectionHooks::kSyncFail);
  EXPECT_EQ(next.record.phase, Phase::kRollingBack);
  EXPECT_EQ(next.command, Command::kRollBack);
}

TEST(SectionHooks, OfSyncFailWaitForTheLastFailure) {
  const auto next = advance(record_in(Phase::kApplying), Event::kFailed, kLimit, SectionHooks::kSyncFail);
  EXPECT_EQ(next.record.phase, Phase::kRetrying);
}

TEST(SectionHooks, WithNothingToGoBackToItStopsAfterThem) {
  SectionRecord record = record_in(Phase::kFailing);
  record.last_good.clear();
  EXPECT_EQ(step(record, Event::kHooksOver, kLimit), (SectionStep{Phase::kQuarantined, Command::kKeep}));
}

TEST(SectionHooks, ANewStateOrAPersonEndsThem) {
  EXPECT_EQ(step(record_in(Phase::kFailing), Event::kAccepted, kLimit).phase, Phase::kPending);
  EXPECT_EQ(step(record_in(Phase::kFailing), Event::kRetryAsked, kLimit).phase, Phase::kPending);
}

TEST(SectionHooks, WhatIsKnownToBeBadGoesOnFailingWhenOnlyAClaimChanged) {
  SectionRecord record = record_in(Phase::kFailing);
  record.quarantined = {kNew};
  EXPECT_EQ(step(record, Event::kAccepted, kLimit).phase, Phase::kFailing);
  begin_another(record, record.accepted.digest, SectionHooks::kNone);
  EXPECT_EQ(step(record, Event::kAccepted, kLimit).phase, Phase::kRollingBack) << "another bad one";
}

TEST(SectionHooks, EachFailureAndEachOtherDigestIsAnotherRun) {
  SectionRecord record = record_in(Phase::kApplying);
  record = advance(record, Event::kFailed, kLimit, SectionHooks::kSome).record;
  EXPECT_EQ(record.run, 1U);
  record = advance(record, Event::kBegin, kLimit, SectionHooks::kSome).record;
  record = advance(record, Event::kHostFailed, kLimit, SectionHooks::kSome).record;
  EXPECT_EQ(record.run, 1U) << "the host's fault is no new attempt";
  begin_another(record, record.accepted.digest, SectionHooks::kSome);
  EXPECT_EQ(record.run, 2U);
  record = advance(record, Event::kRetryAsked, kLimit, SectionHooks::kSome).record;
  EXPECT_EQ(record.run, 2U) << "the failure that it is asked after has counted";
  begin_another(record, record.accepted.digest, SectionHooks::kNone);
  EXPECT_EQ(record.run, 3U) << "hooks of an earlier attempt may still be there when they come back";
}

TEST(SectionHooks, WhereNoneEverWereNothingIsCounted) {
  SectionRecord record = record_in(Phase::kApplying);
  record = advance(record, Event::kFailed, kLimit).record;
  begin_another(record, record.accepted.digest, SectionHooks::kNone);
  EXPECT_EQ(encode_section_record(record).find("\"run\""), std::string::npos) << "an older agent reads it";
}

struct Rest {
  const char* name;
  Phase phase;
  bool is_new;
  std::optional<sync::HookStage> stage;
  bool rests;
};
class SectionRest : public ::testing::TestWithParam<Rest> {};
TEST_P(SectionRest, SaysForWhomNothingIsDone) {
  SectionRecord record = record_in(GetParam().phase);
  if (!GetParam().is_new) record.applied = kNew;
  std::optional<sync::Hook> hook;
  if (GetParam().stage) hook = sync::Hook{*GetParam().stage};
  EXPECT_EQ(rests(record, hook), GetParam().rests);
}
using sync::HookStage;
INSTANTIATE_TEST_SUITE_P(
    Rows, SectionRest,
    ::testing::Values(Rest{"PendingRunsIt", Phase::kPending, true, HookStage::kPreSync, false},
                      Rest{"ApplyingRunsIt", Phase::kApplying, true, HookStage::kPostSync, false},
                      Rest{"RetryingRunsItAgain", Phase::kRetrying, true, HookStage::kSync, false},
                      Rest{"WhatIsNotNewRunsNone", Phase::kApplying, false, HookStage::kPreSync, true},
                      Rest{"SyncedRunsNone", Phase::kSynced, false, HookStage::kPreSync, true},
                      Rest{"HeldRunsNone", Phase::kHeld, false, HookStage::kPostSync, true},
                      Rest{"TheWayBackRunsNone", Phase::kRollingBack, true, HookStage::kPreSync, true},
                      Rest{"QuarantineRunsNone", Phase::kQuarantined, true, HookStage::kPreSync, true},
                      Rest{"SyncFailWaits", Phase::kApplying, true, HookStage::kSyncFail, true},
                      Rest{"FailingRunsSyncFail", Phase::kFailing, true, HookStage::kSyncFail, false},
                      Rest{"FailingRunsNoOther", Phase::kFailing, true, HookStage::kPreSync, true},
                      Rest{"FailingTouchesNothingElse", Phase::kFailing, true, std::nullopt, true},
                      Rest{"ApplyingDoesAllElse", Phase::kApplying, true, std::nullopt, false},
                      Rest{"SyncedKeepsAllElse", Phase::kSynced, false, std::nullopt, false}),
    [](const auto& info) { return info.param.name; });

/// What it made is deleted on the way back, however many came after it.
TEST(SectionBooks, OneThatNeverBecameGoodAndWasSupersededIsRemembered) {
  for (const auto phase : {Phase::kApplying, Phase::kRetrying, Phase::kRollingBack}) {
    SectionRecord record = record_in(phase);
    record.accepted.digest = kOlder;
    begin_another(record, kNew, SectionHooks::kNone);
    record = advance(record, Event::kAccepted, kLimit).record;
    record = advance(record, Event::kBegin, kLimit).record;
    EXPECT_THAT(record.given_up, ElementsAre(kNew));
    EXPECT_EQ(decode_section_record(encode_section_record(record)).value(), record);
    EXPECT_THAT(advance(record, Event::kFailedForGood, kLimit).record.given_up, ElementsAre(kNew));
    EXPECT_THAT(advance(record, Event::kAllHealthy, kLimit).record.given_up, IsEmpty());
  }
  SectionRecord good = record_in(Phase::kSynced);
  begin_another(good, kGood, SectionHooks::kNone);
  EXPECT_THAT(good.given_up, IsEmpty()) << "what it made is no leftover of a failure";
  SectionRecord undone = record_in(Phase::kQuarantined);
  begin_another(undone, kNew, SectionHooks::kNone);
  EXPECT_THAT(undone.given_up, IsEmpty()) << "nothing of it is left";
  SectionRecord many = record_in(Phase::kApplying);
  for (int i = 0; i < 10; ++i) begin_another(many, base::Digest::of(std::to_string(i)), SectionHooks::kNone);
  ASSERT_EQ(many.given_up.size(), base::limits::kLastGoodKept);
  EXPECT_EQ(many.given_up.back(), base::Digest::of("9"));
}

/// Git went back to it while it was come back to, and this time it failed.
TEST(SectionBooks, TheOnlyGoodStateThatFailsIsNothingToGoBackTo) {
  SectionRecord record = record_in(Phase::kApplying);
  record.accepted.digest = kOlder;
  record.last_good = {kOlder};
  record = advance(record, Event::kFailedForGood, kLimit).record;
  EXPECT_EQ(record.phase, Phase::kQuarantined);
  EXPECT_THAT(record.last_good, IsEmpty());
  EXPECT_TRUE(is_quarantined(record, kOlder));
}

TEST(SectionBooks, AGoodStateThatDoesNotComeBackMakesWayForTheOneBeforeIt) {
  SectionRecord record = record_in(Phase::kRollingBack);
  record.last_good = {kGood, kOlder};
  record = advance(record, Event::kRollbackFailed, kLimit).record;
  EXPECT_EQ(record.phase, Phase::kRollingBack);
  EXPECT_EQ(target_digest(record), kOlder);
  record = advance(record, Event::kHostFailed, kLimit).record;
  EXPECT_EQ(target_digest(record), kOlder) << "the host's fault is not the state's";
  record = advance(record, Event::kRollbackFailed, kLimit).record;
  EXPECT_EQ(target_digest(record), kOlder) << "there is none before it";
  record = advance(record, Event::kAllHealthy, kLimit).record;
  EXPECT_EQ(record.phase, Phase::kQuarantined);
  EXPECT_EQ(record.applied, kOlder);
  EXPECT_EQ(record.given_up, std::vector{kGood}) << "what it made may still be there";
  EXPECT_EQ(decode_section_record(encode_section_record(record)).value(), record);
  record = advance(record, Event::kAccepted, kLimit).record;
  EXPECT_TRUE(record.given_up.empty()) << "the way back is over";
}

}  // namespace
}  // namespace holdfast::edge_agent
