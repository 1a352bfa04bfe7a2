// SPDX-License-Identifier: Apache-2.0
// Section bytes, the prune limit and the retry delays.
#include "sync/model/section.hpp"

#include <gtest/gtest.h>

#include "base/limits/model.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using std::chrono::milliseconds;
namespace limits = base::limits;

Resource config_map(const std::string& name) {
  auto resource =
      parse_resource(R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": ")" + name + "\"}}");
  EXPECT_TRUE(resource) << resource.error().message();
  return resource ? *resource : Resource{};
}

constexpr std::string_view kPolicy =
    R"({"progressDeadlineMs":600000,"prune":false,"pruneLimit":"50%",)"
    R"("retry":{"delayMaxMs":180000,"delayMs":5000,"factor":2,"limit":5},"selfHeal":false})";
constexpr std::string_view kMapA =
    R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"default"}})";
constexpr std::string_view kMapB =
    R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b","namespace":"default"}})";

std::string section_bytes(std::string_view policy, std::string_view resources) {
  return R"({"policy":)" + std::string(policy) + R"(,"resources":[)" + std::string(resources) + "]}";
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out(text);
  const auto at = out.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return out.replace(at, from.size(), to);
}

TEST(Section, IsItsPolicyAndItsResourcesBodies) {
  const Section section{{}, {config_map("a"), config_map("b")}};
  EXPECT_EQ(encode_section(section), section_bytes(kPolicy, std::string(kMapA) + "," + std::string(kMapB)));
}

TEST(Section, ReadsBackWhatItWrote) {
  Section section;
  section.policy.prune = true;
  section.policy.self_heal = true;
  section.policy.prune_limit = {PruneLimit::Unit::kCount, 20};
  section.policy.retry = {0, milliseconds{1}, 3, milliseconds{2}};
  section.policy.progress_deadline = milliseconds{1};
  section.resources = {config_map("a"), config_map("b")};
  const auto again = decode_section(encode_section(section));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->policy, section.policy);
  EXPECT_EQ(again->resources, section.resources);
}

TEST(Section, IsReadInPiecesWhateverItsTextsHold) {
  for (const char* text : {R"(}{][,)", R"(\"}\")", R"(\\)", R"(\\\"{)", R"(\u0001{)"}) {
    const auto map =
        parse_resource(std::string(R"({"apiVersion":"v1","data":{"a":")") + text +
                       R"("},"kind":"ConfigMap","metadata":{"name":"a","namespace":"default"}})");
    ASSERT_TRUE(map) << text << ": " << map.error().message();
    const auto bytes = encode_section({{}, {*map, config_map("b")}});
    const auto again = decode_section(bytes);
    ASSERT_TRUE(again) << text << ": " << again.error().message();
    EXPECT_EQ(encode_section(*again), bytes);
    EXPECT_EQ(again->resources.size(), 2U);
  }
}

TEST(Section, MayHoldNothing) {
  const auto section = decode_section(encode_section(Section{}));
  ASSERT_TRUE(section) << section.error().message();
  EXPECT_TRUE(section->resources.empty());
}

TEST(Section, OfEqualContentHasEqualBytesWhateverTheManifestsLookedLike) {
  auto spaced = parse_resource(R"({ "kind": "ConfigMap", "metadata": { "name": "a", "namespace": "default" },
                                    "apiVersion": "v1" })");
  ASSERT_TRUE(spaced);
  EXPECT_EQ(encode_section({{}, {*spaced}}), encode_section({{}, {config_map("a")}}));
}

struct BadSection {
  const char* name;
  std::string bytes;
  Code code;
  const char* message;
};
class SectionRefuses : public testing::TestWithParam<BadSection> {};

TEST_P(SectionRefuses, AndSaysWhy) {
  const auto section = decode_section(GetParam().bytes);
  ASSERT_FALSE(section);
  EXPECT_EQ(section.error().code(), GetParam().code);
  EXPECT_EQ(section.error().message(), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Table, SectionRefuses,
    testing::Values(
        BadSection{"NoPolicy", R"({"resources":[]})", Code::kInvalid,
                   "policy: this field is required and missing"},
        BadSection{"PolicyWithoutPrune", section_bytes(replaced(kPolicy, R"("prune":false,)", ""), ""),
                   Code::kInvalid, "policy.prune: this field is required and missing"},
        BadSection{"PolicyOfTheFuture",
                   section_bytes(replaced(kPolicy, R"("prune":)", R"("hooks":1,"prune":)"), ""),
                   Code::kInvalid, "policy: unknown field \"hooks\""},
        BadSection{"MemberOfTheFuture",
                   R"({"extra":1,"policy":)" + std::string(kPolicy) + R"(,"resources":[]})", Code::kInvalid,
                   "unknown field \"extra\""},
        BadSection{
            "PruneLimitOver100Percent", section_bytes(replaced(kPolicy, "50%", "101%"), ""), Code::kInvalid,
            "policy.pruneLimit: \"101%\" must be a percentage such as \"50%\", or a count such as \"20\""},
        BadSection{"RetryFactorZero", section_bytes(replaced(kPolicy, R"("factor":2)", R"("factor":0)"), ""),
                   Code::kInvalid, "policy.retry.factor: must be a whole number from 1 to 100"},
        BadSection{
            "NoDeadline",
            section_bytes(replaced(kPolicy, R"("progressDeadlineMs":600000)", R"("progressDeadlineMs":0)"),
                          ""),
            Code::kInvalid, "policy.progressDeadlineMs: must be a whole number from 1 to 604800000"},
        BadSection{"NotInOrder", section_bytes(kPolicy, std::string(kMapB) + "," + std::string(kMapA)),
                   Code::kCorrupt,
                   "the section's resources are not in order of their keys, or one is there twice"},
        BadSection{"Twice", section_bytes(kPolicy, std::string(kMapA) + "," + std::string(kMapA)),
                   Code::kCorrupt,
                   "the section's resources are not in order of their keys, or one is there twice"},
        BadSection{"NotCanonical", section_bytes(kPolicy, " " + std::string(kMapA)), Code::kCorrupt,
                   "the section is not in canonical form"},
        BadSection{
            "NamespaceNotWritten",
            section_bytes(kPolicy, R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}})"),
            Code::kCorrupt, "the section is not in canonical form"},
        BadSection{"BadResource", section_bytes(kPolicy, std::string(kMapA) + R"(,{"apiVersion":"v1"})"),
                   Code::kInvalid, "resources[1]: kind: this field is required and missing"}),
    [](const auto& row) { return row.param.name; });

TEST(Section, KindThatThisVersionDoesNotKnowIsUnsupported) {
  const auto section =
      decode_section(section_bytes(kPolicy, R"({"apiVersion":"holdfast.dev/v1","kind":"Balloon"})"));
  ASSERT_FALSE(section);
  EXPECT_EQ(section.error().code(), Code::kUnsupported);
}

TEST(Section, IsBoundedInNumberOfResources) {
  Section section;
  for (std::size_t i = 0; i <= limits::kResourcesPerSectionMax; ++i) {
    section.resources.push_back(config_map("m" + std::to_string(10'000 + i)));
  }
  EXPECT_EQ(decode_section(encode_section(section)).error().code(), Code::kLimit);
  section.resources.pop_back();
  const auto full = decode_section(encode_section(section));
  ASSERT_TRUE(full) << full.error().message();
  EXPECT_EQ(full->resources.size(), limits::kResourcesPerSectionMax);
}

TEST(Section, IsBoundedInBytes) {
  const std::string spaces(limits::kSectionBytesMax + 1, ' ');
  EXPECT_EQ(decode_section(spaces).error().code(), Code::kLimit);
  EXPECT_EQ(decode_section(spaces.substr(1)).error().code(), Code::kInvalid)
      << "read, and found to be no JSON";
}

TEST(PruneLimit, ReadsWhatItWrites) {
  for (const char* text : {"0%", "50%", "100%", "0", "20", "4294967295"}) {
    const auto limit = PruneLimit::parse(text);
    ASSERT_TRUE(limit) << text;
    EXPECT_EQ(limit->text(), text);
  }
  for (const char* text : {"", "%", "101%", "-1", "5 %", "50%%", "05%", "1.5%", "4294967296", "all"}) {
    EXPECT_FALSE(PruneLimit::parse(text)) << text;
  }
}

TEST(PruneLimit, AllowsItsShareAndTenAlways) {
  const auto allowed = [](const char* limit, std::size_t inventory) {
    return PruneLimit::parse(limit)->allowed(inventory);
  };
  EXPECT_EQ(allowed("50%", 1000), 500U);
  EXPECT_EQ(allowed("50%", 21), 10U);
  EXPECT_EQ(allowed("50%", 23), 11U) << "rounded down";
  EXPECT_EQ(allowed("0%", 1000), limits::kPruneAlwaysAllowedMax);
  EXPECT_EQ(allowed("0", 4), 4U) << "no more than there are";
  EXPECT_EQ(allowed("20", 1000), 20U);
  EXPECT_EQ(allowed("3", 1000), limits::kPruneAlwaysAllowedMax);
  EXPECT_EQ(allowed("100%", 1000), 1000U);
}

TEST(RetryPolicy, DelaysGrowByTheFactorUpToTheMost) {
  const RetryPolicy policy{5, milliseconds{5'000}, 2, milliseconds{18'000}};
  EXPECT_EQ(policy.delay_before(1), milliseconds{5'000});
  EXPECT_EQ(policy.delay_before(2), milliseconds{10'000});
  EXPECT_EQ(policy.delay_before(3), milliseconds{18'000});
  EXPECT_EQ(policy.delay_before(UINT32_MAX), milliseconds{18'000});
}

TEST(RetryPolicy, FactorOneAndDelayZeroStayAsTheyAre) {
  EXPECT_EQ((RetryPolicy{5, milliseconds{7}, 1, milliseconds{100}}.delay_before(UINT32_MAX)),
            milliseconds{7});
  EXPECT_EQ((RetryPolicy{5, milliseconds{0}, 9, milliseconds{100}}.delay_before(UINT32_MAX)),
            milliseconds{0});
  EXPECT_EQ((RetryPolicy{5, milliseconds{100}, 2, milliseconds{7}}.delay_before(1)), milliseconds{7});
}

}  // namespace
}  // namespace holdfast::sync
