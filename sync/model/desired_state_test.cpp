// SPDX-License-Identifier: Apache-2.0
// The header of a desired state: bytes, content digest, signature and audience.
#include "sync/model/desired_state.hpp"

#include <gtest/gtest.h>

#include "base/fake_random.hpp"
#include "base/limits/model.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::Digest;
namespace limits = base::limits;

base::SigningKey key(std::uint64_t seed) {
  base::FakeRandom random(seed);
  return base::SigningKey::generate(random);
}

DesiredHeader header() {
  DesiredHeader header;
  header.fleet = FleetId("fleet-1");
  header.node = NodeUid("node-1");
  header.generation = {2, 17};
  header.sections.push_back({ApplicationUid("app-1"),
                             "cameras",
                             Revision(std::string(40, 'a')),
                             Digest::of("one"),
                             Digest::of("where"),
                             {{ClaimKind::kPath, "/a"}, {ClaimKind::kPath, "/b"}},
                             true});
  header.sections.push_back({ApplicationUid("app-2"), "lights", {}, Digest::of("two"), {}, {}, false});
  header.removals.push_back({ApplicationUid("app-0"), "old", RemovalMode::kPrune, true});
  return header;
}

TEST(DesiredHeader, ReadsBackWhatItWrote) {
  const auto again = decode_header(encode_header(header()));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(*again, header());
}

TEST(DesiredHeader, OfANodeWithNothingReadsBack) {
  const DesiredHeader empty{FleetId("f"), NodeUid("n"), {1, 1}, kDesiredSchema, {}, {}};
  EXPECT_EQ(encode_header(empty),
            R"({"fleet":"f","generation":"1.1","node":"n","removals":[],"schema":1,"sections":[]})");
  EXPECT_EQ(decode_header(encode_header(empty)), empty);
}

TEST(ContentDigest, IsBlindToGenerationNameRevisionAndProvenance) {
  DesiredHeader other = header();
  other.generation = {9, 9};
  other.sections[0].name = "renamed";
  other.sections[0].revision = Revision(std::string(40, 'b'));
  other.sections[0].provenance = Digest::of("elsewhere");
  other.removals[0].name = "renamed";
  EXPECT_EQ(other.content_digest(), header().content_digest());
}

struct Change {
  const char* name;
  void (*change)(DesiredHeader& header);
};
class ContentDigestSees : public testing::TestWithParam<Change> {};

TEST_P(ContentDigestSees, WhatMattersToTheHost) {
  DesiredHeader other = header();
  GetParam().change(other);
  EXPECT_NE(other.content_digest(), header().content_digest());
}

INSTANTIATE_TEST_SUITE_P(
    Table, ContentDigestSees,
    testing::Values(
        Change{"SectionDigest", [](DesiredHeader& h) { h.sections[0].digest = Digest::of("x"); }},
        Change{"Application", [](DesiredHeader& h) { h.sections[0].application = ApplicationUid("app-x"); }},
        Change{"Withheld", [](DesiredHeader& h) { h.sections[0].withhold.pop_back(); }},
        Change{"PruneConfirmed", [](DesiredHeader& h) { h.sections[0].prune_confirmed = false; }},
        Change{"SectionGone", [](DesiredHeader& h) { h.sections.pop_back(); }},
        Change{"RemovalMode", [](DesiredHeader& h) { h.removals[0].mode = RemovalMode::kRelease; }},
        Change{"RemovalConfirmed", [](DesiredHeader& h) { h.removals[0].confirmed = false; }},
        Change{"RemovalGone", [](DesiredHeader& h) { h.removals.clear(); }}),
    [](const auto& row) { return row.param.name; });

std::string with(std::string_view from, std::string_view to) {
  std::string bytes = encode_header(header());
  const auto at = bytes.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return bytes.replace(at, from.size(), to);
}

struct BadHeader {
  const char* name;
  std::string bytes;
  Code code;
  const char* message;
};
class HeaderRefuses : public testing::TestWithParam<BadHeader> {};

TEST_P(HeaderRefuses, AndSaysWhy) {
  const auto decoded = decode_header(GetParam().bytes);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code(), GetParam().code);
  EXPECT_EQ(decoded.error().message(), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Table, HeaderRefuses,
    testing::Values(
        BadHeader{"NewerSchema", R"({"schema":2,"whatever":[]})", Code::kTooNew,
                  "schema: 2 is newer than this agent, which reads 1; update the agent"},
        BadHeader{"SchemaZero", R"({"schema":0})", Code::kInvalid, "schema: 0 is none"},
        BadHeader{"NoSchema", "{}", Code::kInvalid, "schema: this field is required and missing"},
        BadHeader{"UnknownField", with(R"({"fleet")", R"({"extra":1,"fleet")"), Code::kInvalid,
                  "unknown field \"extra\""},
        BadHeader{"UnknownSectionField", with(R"("sections":[{)", R"("sections":[{"extra":1,)"),
                  Code::kInvalid, "sections[0]: unknown field \"extra\""},
        BadHeader{"BadGeneration", with("2.17", "2"), Code::kInvalid,
                  "generation: \"2\" is not a generation such as \"3.17\""},
        BadHeader{"BadNode", with("node-1", "node/1"), Code::kInvalid, "node: id: \"node/1\" is not an id"},
        BadHeader{"BadMode", with("Prune\"", "Purge\""), Code::kInvalid,
                  "removals[0].mode: must be one of Prune, Release"},
        BadHeader{"BadClaim", with("path:/a", "path:a"), Code::kInvalid,
                  "sections[0].withhold[0]: \"a\" is not absolute; a path on a node begins with '/'"},
        BadHeader{"ClaimsNotSorted", with("path:/a", "path:/c"), Code::kInvalid,
                  "withhold is not sorted, or holds a claim twice"},
        BadHeader{"SectionsNotSorted", with("app-1", "app-3"), Code::kInvalid,
                  "sections or removals are not sorted by application, or one is there twice"},
        BadHeader{"SectionTwice", with("app-1", "app-2"), Code::kInvalid,
                  "sections or removals are not sorted by application, or one is there twice"},
        BadHeader{"HeldAndRemoved", with("app-0", "app-1"), Code::kInvalid,
                  "an application is both held and removed"},
        BadHeader{"NotCanonical", with(R"({"fleet")", R"({ "fleet")"), Code::kCorrupt,
                  "the header is not in canonical form"},
        BadHeader{"SaysWhatIsNotSaid", with(R"("mode":"Prune")", R"("mode":"Prune","confirmed":true)"),
                  Code::kInvalid, "JSON, byte 133: the member \"confirmed\" is there twice; remove one"}),
    [](const auto& row) { return row.param.name; });

TEST(DesiredHeader, HasOneFormOnly) {
  const std::string bytes = with(R"("name":"lights")", R"("name":"lights","pruneConfirmed":false)");
  EXPECT_EQ(decode_header(bytes).error().code(), Code::kCorrupt) << "false is said by leaving it out";
}

TEST(DesiredHeader, IsBoundedInSectionsAndBytes) {
  DesiredHeader large = header();
  large.sections.clear();
  for (std::size_t i = 0; i < limits::kSectionsPerNodeMax; ++i) {
    large.sections.push_back(
        {ApplicationUid("app-" + std::to_string(1'000 + i)), "a", {}, {}, {}, {}, false});
  }
  EXPECT_TRUE(decode_header(encode_header(large)));
  std::string over = encode_header(large);
  over.insert(over.rfind("]}"),
              R"(,{"application":"app-9","digest":")" + std::string(64, '0') + R"(","name":"a"})");
  EXPECT_EQ(decode_header(over).error().code(), Code::kLimit);
  EXPECT_EQ(decode_header(std::string(limits::kHeaderBytesMax + 1, ' ')).error().code(), Code::kLimit);
}

TEST(SignedHeader, IsTakenFromAnyTrustedKey) {
  const auto signed_header = sign_header(header(), key(1));
  const auto verified = verify_header(signed_header, {key(2).public_key(), key(1).public_key()},
                                      FleetId("fleet-1"), NodeUid("node-1"));
  ASSERT_TRUE(verified) << verified.error().message();
  EXPECT_EQ(*verified, header());
}

TEST(SignedHeader, ErrorSaysWhichCheckFailed) {
  const auto trusted = std::vector{key(1).public_key()};
  const auto message = [](const base::Result<DesiredHeader>& result) {
    return result ? std::string("no error") : result.error().message();
  };
  const SignedHeader good = sign_header(header(), key(1));
  EXPECT_EQ(
      message(verify_header(sign_header(header(), key(3)), trusted, FleetId("fleet-1"), NodeUid("node-1"))),
      "the desired state is signed by none of the 1 keys that this node trusts");
  EXPECT_EQ(message(verify_header(good, {}, FleetId("fleet-1"), NodeUid("node-1"))),
            "the desired state is signed by none of the 0 keys that this node trusts");
  EXPECT_EQ(message(verify_header(good, trusted, FleetId("fleet-2"), NodeUid("node-1"))),
            "the desired state is for fleet fleet-1; this node belongs to fleet fleet-2");
  EXPECT_EQ(message(verify_header(good, trusted, FleetId("fleet-1"), NodeUid("node-2"))),
            "the desired state is for node node-1; this node is node-2");
}

TEST(SignedHeader, IsRefusedWhenAnyByteChanges) {
  const SignedHeader good = sign_header(header(), key(1));
  for (std::size_t i = 0; i < good.bytes.size(); i += 7) {
    SignedHeader bad = good;
    bad.bytes[i] = static_cast<char>(bad.bytes[i] ^ 1);
    const auto verified = verify_header(bad, {key(1).public_key()}, FleetId("fleet-1"), NodeUid("node-1"));
    ASSERT_FALSE(verified) << i;
    EXPECT_EQ(verified.error().code(), Code::kPermission);
  }
}

TEST(SignedHeader, SignatureForAnotherPurposeIsNone) {
  SignedHeader other{encode_header(header()), {}};
  other.signature = key(1).sign("holdfast/command/1", other.bytes);
  EXPECT_FALSE(verify_header(other, {key(1).public_key()}, FleetId("fleet-1"), NodeUid("node-1")));
}

TEST(SignedHeader, NewerSchemaIsToldFromAWrongOne) {
  SignedHeader newer{R"({"schema":7})", {}};
  newer.signature = key(1).sign("holdfast/desired-state/1", newer.bytes);
  const auto verified = verify_header(newer, {key(1).public_key()}, FleetId("fleet-1"), NodeUid("node-1"));
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code(), Code::kTooNew);
}

TEST(ProvenanceList, ReadsBackWhatItWrote) {
  const std::vector<Provenance> list{{{"holdfast.dev", "File", "default", "motd"},
                                      "https://git.example.com/fleet.git",
                                      Revision("0123abcd"),
                                      "apps/a.yaml",
                                      12},
                                     {{"", "ConfigMap", "default", "m"}, "file:///srv/git", {}, "m.yaml", 0}};
  EXPECT_EQ(decode_provenance(encode_provenance(list)), list);
  EXPECT_EQ(decode_provenance(encode_provenance({})), std::vector<Provenance>{});
}

TEST(ProvenanceList, IsReadStrictly) {
  EXPECT_EQ(decode_provenance("{}").error().message(), "provenance: must be a list");
  EXPECT_EQ(
      decode_provenance(R"([{"extra":1,"file":"a","key":"/ConfigMap/default/m","line":1,"source":"s"}])")
          .error()
          .message(),
      "provenance[0]: unknown field \"extra\"");
  EXPECT_EQ(decode_provenance(R"([{"file":"a","key":"m","line":1,"source":"s"}])").error().message(),
            "provenance[0].key: \"m\" is not a key: it must be group/kind/namespace/name");
}

}  // namespace
}  // namespace holdfast::sync
