// SPDX-License-Identifier: Apache-2.0
// SnapshotReport and the digest of abilities.
#include <gtest/gtest.h>

#include "sync/model/kinds.hpp"
#include "sync/model/snapshot.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::sync {
namespace {

std::string snapshot_bytes() {
  Snapshot snapshot;
  snapshot.node = NodeUid("node-1");
  snapshot.facts = {{"arch", "arm64"}};
  return encode_snapshot(snapshot);
}

TEST(SnapshotReportMessage, GivesTheBytesBackSoThatTheDigestHolds) {
  const SnapshotReport report{snapshot_bytes(), {"file/1", "process/1"}};
  const auto again = decode_snapshot_report(encode(report).body);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->snapshot, report.snapshot);
  EXPECT_EQ(again->abilities, report.abilities);
}

TEST(SnapshotReportMessage, KeepsMembersOfANewerNode) {
  const std::string newer = R"({"accepted":"1.1","temperature":40})";
  EXPECT_EQ(decode_snapshot_report(encode(SnapshotReport{newer, {}}).body)->snapshot, newer);
}

TEST(SnapshotReportMessage, MayHoldOneOrNeither) {
  EXPECT_EQ(encode(SnapshotReport{}).body, "{}");
  EXPECT_EQ(decode_snapshot_report("{}")->snapshot, "");
  EXPECT_EQ(decode_snapshot_report(encode(SnapshotReport{snapshot_bytes(), {}}).body)->snapshot,
            snapshot_bytes());
  EXPECT_EQ(decode_snapshot_report(encode(SnapshotReport{"", {"a/1"}}).body)->abilities,
            (std::vector<std::string>{"a/1"}));
}

TEST(SnapshotReportMessage, RefusesWhatIsNone) {
  for (const char* body : {"", "[]", R"({"snapshot":"text"})", R"({"abilities":["b/1","a/1"]})",
                           R"({"abilities":["a b"]})", R"({"abilities":[1]})"}) {
    EXPECT_FALSE(decode_snapshot_report(body)) << body;
  }
}

TEST(AbilitiesDigest, IsOfTheList) {
  EXPECT_EQ(abilities_digest({"a/1", "b/2"}), base::Digest::of(R"(["a/1","b/2"])"));
  EXPECT_NE(abilities_digest(all_abilities()), abilities_digest({}));
}

}  // namespace
}  // namespace holdfast::sync
