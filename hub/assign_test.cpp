// SPDX-License-Identifier: Apache-2.0
#include "hub/assign.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/limits/model.hpp"

namespace holdfast::hub {
namespace {

using base::Digest;
using sync::Claim;

std::vector<Claim> claims(std::initializer_list<const char*> paths) {
  std::vector<Claim> out;
  for (const auto* path : paths) out.push_back({sync::ClaimKind::kPath, path});
  std::ranges::sort(out);
  return out;
}

sync::ApplicationUid uid(const std::string& name) { return sync::ApplicationUid("uid-" + name); }

/// An application whose rendering `version` claims `paths`.
Candidate place(const std::string& name, const std::string& version,
                std::initializer_list<const char*> paths) {
  Candidate out{.application = uid(name), .name = name, .wish = Wish::kPlace};
  out.digest = Digest::of(name + version);
  out.revision = sync::Revision(version);
  out.claims = claims(paths);
  out.newest_claims = out.claims;
  return out;
}

Candidate wishes(const std::string& name, Wish wish) {
  return {.application = uid(name), .name = name, .wish = wish};
}

/// A node that goes from one desired state to the next.
class Node {
 public:
  Assignment next(std::vector<Candidate> candidates, std::vector<sync::ApplicationUid> removed = {}) {
    std::ranges::sort(candidates, {}, &Candidate::application);
    AssignInput input;
    input.fleet = sync::FleetId("fleet");
    input.node = sync::NodeUid("node");
    input.previous = header;
    input.previous_claims = held_;
    input.previous_bytes = bytes_;
    input.candidates = candidates;
    input.removed = std::move(removed);
    input.keeps_withheld = keeps_withheld;
    input.forgotten_claims = forgotten;
    auto out = assign(input);
    if (out.next) take(*out.next, candidates);
    return out;
  }
  std::vector<std::string> sections() const {
    std::vector<std::string> out;
    for (const auto& ref : header->sections) out.push_back(ref.name);
    return out;
  }
  const sync::SectionRef& section(const std::string& name) const {
    return *std::ranges::find(header->sections, name, &sync::SectionRef::name);
  }
  bool holds(const std::string& name, const std::string& version) const {
    return std::ranges::any_of(header->sections,
                               [&](const auto& ref) { return ref.digest == Digest::of(name + version); });
  }

  std::optional<sync::DesiredHeader> header;
  bool keeps_withheld = false;
  std::map<sync::ApplicationUid, std::vector<Claim>> forgotten;

 private:
  void take(const sync::DesiredHeader& next, const std::vector<Candidate>& candidates) {
    held_.clear();
    bytes_.clear();
    for (const auto& candidate : candidates) known_[candidate.digest] = candidate;
    for (const auto& ref : next.sections) {
      held_.push_back(known_[ref.digest].claims);
      bytes_.push_back(known_[ref.digest].bytes);
    }
    header = next;
  }
  std::map<Digest, Candidate> known_;
  std::vector<std::vector<Claim>> held_;
  std::vector<std::size_t> bytes_;
};

TEST(Assign, FirstDesiredStateOfANode) {
  Node node;
  const auto first = node.next({place("motd", "v1", {"/etc/motd"})});
  ASSERT_TRUE(first.next);
  EXPECT_EQ(first.next->generation, (sync::Generation{1, 1}));
  EXPECT_EQ(node.sections(), std::vector<std::string>{"motd"});
}

TEST(Assign, NothingForANodeThatHasNothing) {
  EXPECT_FALSE(Node().next({}).next);
  EXPECT_FALSE(Node().next({wishes("motd", Wish::kKeep), wishes("web", Wish::kPrune)}).next);
}

TEST(Assign, TheSameContentIsNotSentAgain) {
  Node node;
  node.next({place("motd", "v1", {"/etc/motd"})});
  EXPECT_FALSE(node.next({place("motd", "v1", {"/etc/motd"})}).next);
}

TEST(Assign, AnotherRevisionOrOriginIsNoReasonToSend) {
  Node node;
  node.next({place("motd", "v1", {"/etc/motd"})});
  auto same = place("motd", "v1", {"/etc/motd"});
  same.revision = sync::Revision("a later commit");
  same.provenance = Digest::of("another line");
  same.name = "renamed";
  EXPECT_FALSE(node.next({same}).next);
}

TEST(Assign, ANewContentRaisesTheSequenceByOne) {
  Node node;
  node.next({place("motd", "v1", {"/etc/motd"})});
  const auto second = node.next({place("motd", "v2", {"/etc/motd"})});
  ASSERT_TRUE(second.next);
  EXPECT_EQ(second.next->generation, (sync::Generation{1, 2}));
  EXPECT_TRUE(second.next->removals.empty());
}

TEST(Assign, AnApplicationThatNobodySpeaksOfStays) {
  Node node;
  node.next({place("motd", "v1", {"/etc/motd"}), place("web", "v1", {"/srv/web"})});
  const auto next = node.next({place("web", "v2", {"/srv/web"})});
  ASSERT_TRUE(next.next);
  EXPECT_TRUE(node.holds("motd", "v1"));
  EXPECT_TRUE(next.next->removals.empty());
}

TEST(Assign, WhatCannotBeRenderedKeepsItsLastSection) {
  Node node;
  node.next({place("motd", "v1", {"/etc/motd"})});
  EXPECT_FALSE(node.next({wishes("motd", Wish::kKeep)}).next);
}

struct LeavingCase {
  const char* name;
  Wish wish;
  bool confirmed;
  sync::RemovalMode mode;
};
class Leaving : public testing::TestWithParam<LeavingCase> {};

TEST_P(Leaving, IsARemovalAndNeverJustAMissingSection) {
  Node node;
  node.next({place("motd", "v1", {"/etc/motd"})});
  auto leaving = wishes("motd", GetParam().wish);
  leaving.removal_confirmed = GetParam().confirmed;
  const auto next = node.next({leaving});
  ASSERT_TRUE(next.next);
  EXPECT_TRUE(next.next->sections.empty());
  ASSERT_EQ(next.next->removals.size(), 1U);
  EXPECT_EQ(next.next->removals[0],
            (sync::Removal{uid("motd"), "motd", GetParam().mode, GetParam().confirmed}));
}

INSTANTIATE_TEST_SUITE_P(
    All, Leaving,
    testing::Values(LeavingCase{"Prune", Wish::kPrune, false, sync::RemovalMode::kPrune},
                    LeavingCase{"PruneConfirmed", Wish::kPrune, true, sync::RemovalMode::kPrune},
                    LeavingCase{"Release", Wish::kRelease, false, sync::RemovalMode::kRelease}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Assign, ARemovalStaysUntilTheNodeHasCarriedItOutAndSomethingElseChanges) {
  Node node;
  node.next({place("motd", "v1", {"/etc/motd"}), place("web", "v1", {"/srv/web"})});
  node.next({wishes("motd", Wish::kPrune), place("web", "v1", {"/srv/web"})});
  ASSERT_EQ(node.header->removals.size(), 1U);

  // Not carried out: it goes along with every next state.
  node.next({wishes("motd", Wish::kPrune), place("web", "v2", {"/srv/web"})});
  ASSERT_EQ(node.header->removals.size(), 1U);

  // Carried out is no reason to send anything by itself …
  EXPECT_FALSE(node.next({place("web", "v2", {"/srv/web"})}, {uid("motd")}).next);
  // … and it is dropped with the next content.
  node.next({place("web", "v3", {"/srv/web"})}, {uid("motd")});
  EXPECT_TRUE(node.header->removals.empty());
}

TEST(Assign, AnApplicationThatComesBackIsNotRemoved) {
  Node node;
  node.next({place("motd", "v1", {"/etc/motd"})});
  node.next({wishes("motd", Wish::kPrune)});
  const auto next = node.next({place("motd", "v1", {"/etc/motd"})});
  ASSERT_TRUE(next.next);
  EXPECT_TRUE(next.next->removals.empty());
  EXPECT_TRUE(node.holds("motd", "v1"));
}

// ---- claims ----

TEST(AssignClaims, TheOwnerKeepsTheClaimThoughItsNameIsLarger) {
  Node node;
  node.next({place("zebra", "v1", {"/etc/motd"})});
  const auto next = node.next({place("zebra", "v1", {"/etc/motd"}), place("ape", "v1", {"/etc/motd"})});
  EXPECT_FALSE(next.next);
  ASSERT_EQ(next.conflicts.size(), 1U);
  EXPECT_EQ(next.conflicts[0].loser, uid("ape"));
  EXPECT_EQ(
      next.conflicts[0].text(),
      "path:/etc/motd is held by application \"zebra\" and wanted by \"ape\"; remove it from one of them");
}

TEST(AssignClaims, OfTwoNewOnesTheSmallerNameGetsIt) {
  Node node;
  const auto next = node.next({place("zebra", "v1", {"/etc/motd"}), place("ape", "v1", {"/etc/motd"})});
  EXPECT_EQ(node.sections(), std::vector<std::string>{"ape"});
  ASSERT_EQ(next.conflicts.size(), 1U);
  EXPECT_EQ(next.conflicts[0].loser_name, "zebra");
}

TEST(AssignClaims, TheLoserKeepsItsLastSection) {
  Node node;
  node.next({place("a", "v1", {"/a"}), place("b", "v1", {"/b"})});
  node.next({place("a", "v1", {"/a"}), place("b", "v2", {"/b", "/a"})});
  EXPECT_TRUE(node.holds("b", "v1"));
  EXPECT_TRUE(node.holds("a", "v1"));
}

TEST(AssignClaims, MovingAClaimFromOneToAnotherIsNoConflict) {
  Node node;
  node.next({place("a", "v1", {"/a", "/x"}), place("b", "v1", {"/b"})});
  const auto next = node.next({place("a", "v2", {"/a"}), place("b", "v2", {"/b", "/x"})});
  EXPECT_TRUE(next.conflicts.empty());
  EXPECT_TRUE(node.holds("a", "v2"));
  EXPECT_TRUE(node.holds("b", "v2"));
  EXPECT_TRUE(node.section("a").withhold.empty());
}

TEST(AssignClaims, TwoMaySwap) {
  Node node;
  node.next({place("a", "v1", {"/x"}), place("b", "v1", {"/y"})});
  const auto next = node.next({place("a", "v2", {"/y"}), place("b", "v2", {"/x"})});
  EXPECT_TRUE(next.conflicts.empty());
  EXPECT_TRUE(node.holds("a", "v2"));
  EXPECT_TRUE(node.holds("b", "v2"));
}

TEST(AssignClaims, OneLoserMayMakeAnother) {
  // b wants what a keeps, so b keeps /b, which c wanted from it.
  Node node;
  node.next({place("a", "v1", {"/a"}), place("b", "v1", {"/b"}), place("c", "v1", {"/c"})});
  const auto next = node.next({place("a", "v1", {"/a"}), place("b", "v2", {"/a"}), place("c", "v2", {"/b"})});
  EXPECT_FALSE(next.next);
  EXPECT_EQ(next.conflicts.size(), 2U);
}

TEST(AssignClaims, WhatIsRemovedMayBeTakenOverAtOnce) {
  Node node;
  node.next({place("a", "v1", {"/x"})});
  const auto next = node.next({wishes("a", Wish::kPrune), place("b", "v1", {"/x"})});
  ASSERT_TRUE(next.next);
  EXPECT_EQ(node.sections(), std::vector<std::string>{"b"});
  EXPECT_EQ(node.header->removals.size(), 1U);
}

// ---- withhold ----

/// b would hold /x, but what it wants newest is not in force on this node.
Candidate awaiting(const std::string& name, std::initializer_list<const char*> newest) {
  auto out = wishes(name, Wish::kKeep);
  out.newest_claims = claims(newest);
  return out;
}

TEST(AssignWithhold, AClaimThatAnotherIsAboutToTakeOverIsNotDeleted) {
  Node node;
  node.next({place("a", "v1", {"/a", "/x"}), place("b", "v1", {"/b"})});
  node.next({place("a", "v2", {"/a"}), awaiting("b", {"/b", "/x"})});
  EXPECT_EQ(node.section("a").withhold, claims({"/x"}));
}

TEST(AssignWithhold, ItLastsOverFurtherStatesUntilTheOtherArrives) {
  Node node;
  node.next({place("a", "v1", {"/a", "/x"}), place("b", "v1", {"/b"})});
  node.next({place("a", "v2", {"/a"}), awaiting("b", {"/b", "/x"})});
  node.next({place("a", "v3", {"/a", "/c"}), awaiting("b", {"/b", "/x"})});
  EXPECT_EQ(node.section("a").withhold, claims({"/x"}));
  node.next({place("a", "v3", {"/a", "/c"}), place("b", "v2", {"/b", "/x"})});
  EXPECT_TRUE(node.section("a").withhold.empty());
  EXPECT_TRUE(node.holds("b", "v2"));
}

/// The simulator found it, seeds 5474 and 6820: a hub that was started anew had not fetched yet.
TEST(AssignWithhold, ItLastsWhileNobodyKnowsWhatTheOtherWants) {
  Node node;
  node.next({place("a", "v1", {"/a", "/x"}), place("b", "v1", {"/b"})});
  node.next({place("a", "v2", {"/a"}), awaiting("b", {"/b", "/x"})});
  node.keeps_withheld = true;
  node.next({place("a", "v3", {"/a", "/c"}), place("b", "v1", {"/b"})});
  EXPECT_EQ(node.section("a").withhold, claims({"/x"}));
  node.keeps_withheld = false;
  node.next({place("a", "v3", {"/a", "/c"}), place("b", "v1", {"/b"})});
  EXPECT_TRUE(node.section("a").withhold.empty());
}

TEST(AssignWithhold, ItEndsWhenTheOtherWantsItNoMore) {
  Node node;
  node.next({place("a", "v1", {"/a", "/x"}), place("b", "v1", {"/b"})});
  node.next({place("a", "v2", {"/a"}), awaiting("b", {"/b", "/x"})});
  const auto next = node.next({place("a", "v2", {"/a"}), awaiting("b", {"/b"})});
  ASSERT_TRUE(next.next);
  EXPECT_TRUE(node.section("a").withhold.empty());
}

/// The simulator found it, seed 1070: one commit gives it back to the one that had it, whose Secrets are not sealed yet.
TEST(AssignWithhold, ItLastsWhileTheApplicationItselfIsToHaveItAgain) {
  Node node;
  node.next({place("a", "v1", {"/a", "/x"}), place("b", "v1", {"/b"})});
  node.next({place("a", "v2", {"/a"}), awaiting("b", {"/b", "/x"})});
  ASSERT_EQ(node.section("a").withhold, claims({"/x"}));
  node.next({awaiting("a", {"/a", "/x"}), place("b", "v2", {"/b", "/c"})});
  EXPECT_EQ(node.section("a").withhold, claims({"/x"}));
  // The one that wants it again is refused for now: the one in force goes on being sent.
  auto refused = place("a", "v3", {"/a"});
  refused.newest_claims = claims({"/a", "/x"});
  node.next({refused, place("b", "v2", {"/b", "/c"})});
  EXPECT_EQ(node.section("a").withhold, claims({"/x"}));
  node.next({place("a", "v4", {"/a"}), place("b", "v2", {"/b", "/c"})});
  EXPECT_TRUE(node.section("a").withhold.empty());
}

TEST(AssignWithhold, AnApplicationDoesNotLeaveWhileItsResourcesAreAwaitedElsewhere) {
  Node node;
  node.next({place("a", "v1", {"/x"}), place("b", "v1", {"/b"})});
  EXPECT_FALSE(node.next({wishes("a", Wish::kPrune), awaiting("b", {"/b", "/x"})}).next);
  const auto next = node.next({wishes("a", Wish::kPrune), place("b", "v2", {"/b", "/x"})});
  ASSERT_TRUE(next.next);
  EXPECT_EQ(node.header->removals.size(), 1U);
}

/// The simulator found it, seed 1611: the section does not name it any more, the node still has it.
TEST(AssignWithhold, AnApplicationDoesNotLeaveWhileWhatItWithheldIsAwaitedElsewhere) {
  Node node;
  node.next({place("a", "v1", {"/a", "/x"}), place("b", "v1", {"/b"})});
  node.next({place("a", "v2", {"/a"}), awaiting("b", {"/b", "/x"})});
  ASSERT_EQ(node.section("a").withhold, claims({"/x"}));
  EXPECT_FALSE(node.next({wishes("a", Wish::kPrune), awaiting("b", {"/b", "/x"})}).next);
  const auto next = node.next({wishes("a", Wish::kPrune), place("b", "v2", {"/b", "/x"})});
  ASSERT_TRUE(next.next);
  EXPECT_EQ(node.header->removals.size(), 1U);
}

/// The simulator found it, seed 7457: a restored hub had not given /x to "a", and the node holds it.
TEST(AssignWithhold, WhatTheNodeHoldsBeyondWhatARestoredHubGaveItIsWithheldToo) {
  Node node;
  node.next({place("a", "v1", {"/a"}), place("b", "v1", {"/b"}), place("c", "v1", {"/c"})});
  node.forgotten[uid("a")] = claims({"/a", "/x"});
  node.forgotten[uid("d")] = claims({"/y"});
  const auto next = node.next({place("a", "v2", {"/a"}), awaiting("b", {"/b", "/x", "/y"}),
                               place("d", "v1", {"/d"}), place("c", "v1", {"/c"})});
  ASSERT_TRUE(next.next);
  EXPECT_EQ(node.section("a").withhold, claims({"/x"}));
  EXPECT_EQ(node.section("d").withhold, claims({"/y"}));
  EXPECT_TRUE(node.section("c").withhold.empty()) << "it never had any of it";
  node.forgotten.clear();
  node.next({place("a", "v2", {"/a"}), place("b", "v2", {"/b", "/x"}), place("d", "v1", {"/d"}),
             place("c", "v1", {"/c"})});
  EXPECT_TRUE(node.section("a").withhold.empty());
  EXPECT_TRUE(node.section("d").withhold.empty());
}

TEST(AssignWithhold, AnApplicationThatHadNothingOfItLeavesARestoredHubsNode) {
  Node node;
  node.next({place("a", "v1", {"/a"}), place("b", "v1", {"/b"}), place("c", "v1", {"/c"})});
  node.forgotten[uid("a")] = claims({"/a", "/x"});
  node.next({wishes("a", Wish::kPrune), awaiting("b", {"/b", "/x"}), wishes("c", Wish::kPrune)});
  EXPECT_EQ(node.sections(), (std::vector<std::string>{"a", "b"})) << "\"a\" leaves when /x has arrived";
  EXPECT_EQ(node.header->removals.size(), 1U);
}

TEST(AssignWithhold, ReleasingNeedsNoWaiting) {
  Node node;
  node.next({place("a", "v1", {"/x"}), place("b", "v1", {"/b"})});
  const auto next = node.next({wishes("a", Wish::kRelease), awaiting("b", {"/b", "/x"})});
  ASSERT_TRUE(next.next);
  EXPECT_EQ(node.header->removals.size(), 1U);
}

// ---- confirmations, epoch, limits ----

TEST(AssignConfirm, HoldsForExactlyThatDigest) {
  Node node;
  node.next({place("a", "v1", {"/a"})});
  auto confirmed = place("a", "v2", {});
  confirmed.section_confirmed = true;
  node.next({confirmed});
  EXPECT_TRUE(node.section("a").prune_confirmed);
  // It is not taken back while the digest stays, nor carried to the next.
  EXPECT_FALSE(node.next({place("a", "v2", {})}).next);
  node.next({place("a", "v3", {"/a"})});
  EXPECT_FALSE(node.section("a").prune_confirmed);
}

TEST(AssignConfirm, AConfirmationIsAReasonToSend) {
  Node node;
  node.next({place("a", "v1", {"/a"})});
  auto confirmed = place("a", "v1", {"/a"});
  confirmed.section_confirmed = true;
  EXPECT_TRUE(node.next({confirmed}).next);
}

TEST(AssignEpoch, IsRaisedWithTheNextContentAndNeverLowered) {
  AssignInput input;
  input.previous = sync::DesiredHeader{};
  input.previous->generation = {3, 7};
  const auto candidate = place("a", "v1", {"/a"});
  input.candidates = {candidate};
  input.epoch = 5;
  EXPECT_EQ(assign(input).next->generation, (sync::Generation{5, 8}));
  input.epoch = 1;
  EXPECT_EQ(assign(input).next->generation, (sync::Generation{3, 8}));
}

TEST(AssignLimit, MoreApplicationsThanANodeHoldsAreNotPlaced) {
  Node node;
  std::vector<Candidate> many;
  for (std::size_t i = 0; i <= base::limits::kSectionsPerNodeMax; ++i)
    many.push_back(place("a" + std::to_string(1000 + i), "v1", {}));
  const auto next = node.next(many);
  EXPECT_EQ(node.header->sections.size(), base::limits::kSectionsPerNodeMax);
  EXPECT_EQ(next.over_limit,
            std::vector{uid("a" + std::to_string(1000 + base::limits::kSectionsPerNodeMax))});
}

std::string numbered(std::size_t i) { return "a" + std::to_string(1000 + i); }

TEST(AssignLimit, HoldsThoughARemovalIsPutOff) {
  Node node;
  std::vector<Candidate> full;
  full.reserve(base::limits::kSectionsPerNodeMax);
  for (std::size_t i = 0; i < base::limits::kSectionsPerNodeMax; ++i)
    full.push_back(place(numbered(i), "v1", {i == 0 ? "/x" : "/y"}));
  for (std::size_t i = 1; i < full.size(); ++i) full[i].claims = full[i].newest_claims = {};
  node.next(full);
  // The first would leave and make room for one more; but what it has is awaited by another.
  auto next = full;
  next[0] = wishes(numbered(0), Wish::kPrune);
  next[1].newest_claims = claims({"/x"});
  next.push_back(place("b", "v1", {}));
  const auto outcome = node.next(next);
  EXPECT_EQ(node.header->sections.size(), base::limits::kSectionsPerNodeMax);
  EXPECT_EQ(outcome.over_limit, std::vector{uid("b")});
}

TEST(AssignLimit, MoreRemovalsThanANodeIsToldWait) {
  constexpr std::size_t kHalf = base::limits::kSectionsPerNodeMax / 2;
  Node node;
  // An absent node: what leaves is never carried out.
  for (std::size_t round = 0; round < 3; ++round) {
    std::vector<Candidate> placed;
    std::vector<Candidate> leaving;
    for (std::size_t i = 0; i < kHalf; ++i) {
      const auto name = "r" + std::to_string(round) + numbered(i);
      placed.push_back(place(name, "v1", {}));
      leaving.push_back(wishes(name, i % 2 == 0 ? Wish::kPrune : Wish::kRelease));
    }
    node.next(placed);
    const auto outcome = node.next(leaving);
    EXPECT_EQ(outcome.held_removals.size(), round < 2 ? 0 : kHalf);
  }
  EXPECT_EQ(node.header->removals.size(), base::limits::kSectionsPerNodeMax);
  EXPECT_EQ(node.header->sections.size(), kHalf) << "they are kept, not forgotten";
  EXPECT_TRUE(sync::check_header(*node.header));

  std::vector<sync::ApplicationUid> removed;
  for (const auto& removal : node.header->removals) removed.push_back(removal.application);
  std::vector<Candidate> leaving;
  leaving.reserve(kHalf);
  for (std::size_t i = 0; i < kHalf; ++i) leaving.push_back(wishes("r2" + numbered(i), Wish::kPrune));
  EXPECT_TRUE(node.next(leaving, removed).held_removals.empty());
  EXPECT_TRUE(node.header->sections.empty());
  EXPECT_EQ(node.header->removals.size(), kHalf);
}

Candidate sized(const std::string& name, const std::string& version, std::size_t bytes) {
  auto out = place(name, version, {});
  out.bytes = bytes;
  return out;
}

TEST(AssignLimit, WhatWouldMakeTheDesiredStateTooLargeIsNotPlaced) {
  constexpr std::size_t kMax = base::limits::kDesiredStateBytesMax;
  Node node;
  node.next({sized("a", "v1", kMax / 2), sized("c", "v1", kMax / 4)});
  // A new one gives way before a change, and a change that makes it smaller always goes.
  const auto next = node.next(
      {sized("a", "v2", kMax / 2 + kMax / 4), sized("b", "v1", kMax / 8), sized("c", "v2", kMax / 8)});
  EXPECT_TRUE(node.holds("a", "v2"));
  EXPECT_TRUE(node.holds("b", "v1"));
  EXPECT_TRUE(node.holds("c", "v2"));
  EXPECT_TRUE(next.too_large.empty());
  const auto more = node.next({sized("a", "v2", kMax / 2 + kMax / 4), sized("b", "v2", kMax / 8 + 1),
                               sized("c", "v2", kMax / 8), sized("d", "v1", 1)});
  EXPECT_EQ(more.too_large, (std::vector{uid("b"), uid("d")}));
  EXPECT_TRUE(node.holds("b", "v1"));
}

}  // namespace
}  // namespace holdfast::hub
