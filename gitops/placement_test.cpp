// SPDX-License-Identifier: Apache-2.0
// Which nodes an application goes to, and what a missing fact does not do.
#include "gitops/placement.hpp"

#include <gtest/gtest.h>

namespace holdfast::gitops {
namespace {

const std::map<std::string, std::string> kCamera{
    {"role", "camera"}, {"site", "berlin"}, {"facts.holdfast.dev/arch", "arm64"}};

Match matched(const char* selector, const std::map<std::string, std::string>& labels = kCamera) {
  return match(parse_selector_text(selector).value(), labels);
}

struct Row {
  const char* name;
  const char* selector;
  Match answer;
};

class Selector : public testing::TestWithParam<Row> {};

TEST_P(Selector, IsMatchedAsInKubernetes) { EXPECT_EQ(matched(GetParam().selector), GetParam().answer); }

INSTANTIATE_TEST_SUITE_P(
    Table, Selector,
    testing::Values(Row{"EmptyMatchesAll", "", Match::kYes}, Row{"Equal", "role=camera", Match::kYes},
                    Row{"OtherValue", "role=gateway", Match::kNo}, Row{"MissingLabel", "team=x", Match::kNo},
                    Row{"AllMustHold", "role=camera,site=munich", Match::kNo},
                    Row{"In", "site in (a,berlin)", Match::kYes},
                    Row{"NotIn", "site notin (a,b)", Match::kYes},
                    Row{"NotInListed", "site notin (berlin)", Match::kNo},
                    Row{"NotInHoldsWithoutTheLabel", "team notin (x)", Match::kYes},
                    Row{"Exists", "site", Match::kYes}, Row{"ExistsMissing", "team", Match::kNo},
                    Row{"Absent", "!team", Match::kYes}, Row{"AbsentThere", "!site", Match::kNo},
                    Row{"FactThere", "facts.holdfast.dev/arch=arm64", Match::kYes},
                    Row{"FactDiffers", "facts.holdfast.dev/arch=amd64", Match::kNo},
                    Row{"FactMissingIsUnknown", "facts.holdfast.dev/gpu=yes", Match::kUnknown},
                    Row{"FactMissingNotInIsUnknown", "facts.holdfast.dev/gpu!=yes", Match::kUnknown},
                    Row{"FactMissingExistsIsUnknown", "facts.holdfast.dev/gpu", Match::kUnknown},
                    Row{"FactMissingAbsentIsUnknown", "!facts.holdfast.dev/gpu", Match::kUnknown},
                    Row{"NoWinsOverUnknown", "facts.holdfast.dev/gpu=yes,role=gateway", Match::kNo},
                    Row{"UnknownWinsOverYes", "facts.holdfast.dev/gpu=yes,role=camera", Match::kUnknown}),
    [](const auto& row) { return row.param.name; });

TEST(ReadsFacts, WhereAnyRequirementIsOnOne) {
  EXPECT_TRUE(reads_facts(parse_selector_text("facts.holdfast.dev/arch=arm64").value()));
  EXPECT_TRUE(reads_facts(parse_selector_text("role=x,!facts.holdfast.dev/gpu").value()));
  EXPECT_FALSE(reads_facts(parse_selector_text("role=x,!old").value()));
  EXPECT_FALSE(reads_facts({}));
}

TEST(MatchWithoutFacts, TakesEveryRequirementOnAFactAsFulfilled) {
  const auto selector = parse_selector_text("role=camera,facts.holdfast.dev/arch=amd64").value();
  EXPECT_EQ(match(selector, kCamera), Match::kNo);
  EXPECT_EQ(match_without_facts(selector, kCamera), Match::kYes);
  EXPECT_EQ(match_without_facts(selector, {{"role", "gateway"}}), Match::kNo);
}

}  // namespace
}  // namespace holdfast::gitops
