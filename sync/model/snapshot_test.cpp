// SPDX-License-Identifier: Apache-2.0
// Snapshots as they travel.
#include "sync/model/snapshot.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/limits/model.hpp"

namespace holdfast::sync {
namespace {

namespace limits = base::limits;

ResourceStatus resource(const std::string& name) {
  return {{"holdfast.dev", "File", "default", name}, SyncStatus::kSynced, Health::kHealthy, "", ""};
}

Snapshot snapshot() {
  Snapshot snapshot;
  snapshot.node = NodeUid("node-1");
  snapshot.accepted = {1, 3};
  snapshot.applied = {1, 2};
  snapshot.content = base::Digest::of("content");
  snapshot.boot_id = "boot";
  snapshot.agent_version = "0.1.0";
  SectionStatus section;
  section.application = ApplicationUid("app-1");
  section.name = "cameras";
  section.accepted = base::Digest::of("new");
  section.applied = base::Digest::of("old");
  section.last_good = base::Digest::of("old");
  section.quarantined = base::Digest::of("bad");
  section.phase = SectionPhase::kRetrying;
  section.sync = SyncStatus::kOutOfSync;
  section.health = Health::kDegraded;
  section.reason = "ApplyFailed";
  section.message = "disk full";
  section.resources = {resource("a"), resource("b")};
  section.resources[1].reason = "CrashLoopBackOff";
  section.resources[1].message = "exit code 1";
  snapshot.sections = {section};
  snapshot.conditions = {{"Ready", "True", "AllGood", "as it should be"}};
  snapshot.facts = {{"arch", "arm64"}};
  return snapshot;
}

TEST(Snapshot, ReadsBackWhatItWrote) {
  const auto again = decode_snapshot(encode_snapshot(snapshot()));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(*again, snapshot());
}

TEST(Snapshot, OfANewNodeReadsBack) {
  Snapshot fresh;
  fresh.node = NodeUid("n");
  EXPECT_EQ(encode_snapshot(fresh),
            R"({"accepted":"0.0","applied":"0.0","conditions":[],"facts":{},"node":"n","sections":[]})");
  EXPECT_EQ(decode_snapshot(encode_snapshot(fresh)), fresh);
}

TEST(Snapshot, DigestChangesOnlyWithTheContent) {
  Snapshot other = snapshot();
  EXPECT_EQ(snapshot_digest(other), snapshot_digest(snapshot()));
  other.sections[0].resources[0].health = Health::kDegraded;
  EXPECT_NE(snapshot_digest(other), snapshot_digest(snapshot()));
}

TEST(Snapshot, SpeaksWordsThatKubernetesUsersKnow) {
  const std::string text = encode_snapshot(snapshot());
  for (const char* part :
       {R"("lastGood":)", R"("phase":"Retrying")", R"("health":"Degraded")", R"("sync":"OutOfSync")",
        R"("namespace":"default")", R"("agentVersion":"0.1.0")", R"("bootId":"boot")"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
}

TEST(Snapshot, LetsMembersOfNewerNodesPass) {
  auto object = base::parse_json(encode_snapshot(snapshot()));
  ASSERT_TRUE(object);
  (*object)["temperature"] = 40;
  (*object)["sections"][0]["mood"] = "good";
  (*object)["sections"][0]["resources"][0]["size"] = 1;
  (*object)["conditions"][0]["since"] = 1;
  EXPECT_EQ(decode_snapshot(base::canonical_json(*object)), snapshot());
}

TEST(Snapshot, MessagesAreCutAtTheLimitBetweenCharacters) {
  Snapshot loud = snapshot();
  loud.sections[0].message = "x" + std::string(limits::kMessageLengthMax, ' ') + "\xff";
  loud.sections[0].resources[0].message = std::string(limits::kMessageLengthMax, 'm');
  for (int i = 0; i < 1000; ++i) loud.conditions[0].message += "ü";
  const auto again = decode_snapshot(encode_snapshot(loud));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->sections[0].message.size(), limits::kMessageLengthMax);
  EXPECT_EQ(again->sections[0].resources[0].message, loud.sections[0].resources[0].message);
  EXPECT_LE(again->conditions[0].message.size(), limits::kMessageLengthMax);
  EXPECT_TRUE(again->conditions[0].message.ends_with("ü…"));
}

TEST(Snapshot, FactsThatAreNoTextTravelAllTheSame) {
  Snapshot odd = snapshot();
  odd.facts["serial"] = "\xff\x01";
  const auto again = decode_snapshot(encode_snapshot(odd));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->facts.at("serial"), "\uFFFD\x01");
}

TEST(Snapshot, FactsAreBoundedInNumber) {
  Snapshot many = snapshot();
  many.facts.clear();
  for (std::size_t i = 0; i < limits::kFactsMax; ++i) many.facts["f" + std::to_string(i)] = "v";
  EXPECT_TRUE(decode_snapshot(encode_snapshot(many)));
  many.facts["one-more"] = "v";
  EXPECT_EQ(decode_snapshot(encode_snapshot(many)).error().code(), base::Code::kLimit);
}

TEST(Snapshot, NamesOfFactsAreBoundedInLength) {
  Snapshot long_name = snapshot();
  long_name.facts = {{std::string(limits::kNameLengthMax, 'f'), "v"}};
  EXPECT_TRUE(decode_snapshot(encode_snapshot(long_name)));
  long_name.facts = {{std::string(limits::kNameLengthMax + 1, 'f'), "v"}};
  EXPECT_EQ(decode_snapshot(encode_snapshot(long_name)).error().code(), base::Code::kLimit);
}

struct BadSnapshot {
  const char* name;
  const char* from;
  const char* to;
  const char* message;
};
class SnapshotRefuses : public testing::TestWithParam<BadSnapshot> {};

TEST_P(SnapshotRefuses, AndNamesTheField) {
  std::string bytes = encode_snapshot(snapshot());
  const auto at = bytes.find(GetParam().from);
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, std::string_view(GetParam().from).size(), GetParam().to);
  const auto decoded = decode_snapshot(bytes);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().message(), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Table, SnapshotRefuses,
    testing::Values(
        BadSnapshot{"Generation", "1.3", "x", "accepted: \"x\" is not a generation such as \"3.17\""},
        BadSnapshot{"Node", "node-1", "a/b", "node: id: \"a/b\" is not an id"},
        BadSnapshot{
            "Phase", "Retrying", "Dancing",
            "sections[0].phase: phase must be one of Pending, Applying, Synced, Retrying, RollingBack, "
            "Quarantined, Held, Unschedulable, Removing, Failing"},
        BadSnapshot{"ApplicationName", "cameras", "C",
                    "sections[0].name: \"C\" is not a name: lower-case letters, "
                    "digits, '-' and '.', starting and ending with a letter or digit"},
        BadSnapshot{"ResourceHealth", R"("health":"Healthy")", R"("health":1)",
                    "sections[0].resources[0].health: must be a string; put it in quotes"},
        BadSnapshot{"ResourceName", R"("name":"a")", R"("name":"a/../b")",
                    "sections[0].resources[0]: \"holdfast.dev/File/default/a/../b\" is not a key: it must be "
                    "group/kind/namespace/name"},
        BadSnapshot{"Facts", R"("facts":{"arch":"arm64"})", R"("facts":[])",
                    "facts: must be an object of strings, not a list"}),
    [](const auto& row) { return row.param.name; });

TEST(SectionPhase, WordsReadBack) {
  for (int i = 0; i <= static_cast<int>(SectionPhase::kRemoving); ++i) {
    const auto phase = static_cast<SectionPhase>(i);
    EXPECT_FALSE(to_string(phase).empty());
    EXPECT_EQ(parse_section_phase(to_string(phase)), phase);
  }
}

}  // namespace
}  // namespace holdfast::sync
