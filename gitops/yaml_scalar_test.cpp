// SPDX-License-Identifier: Apache-2.0
// What plain scalars of YAML mean, and which are refused because readers differ about them.
#include "gitops/yaml_scalar.hpp"

#include <gtest/gtest.h>

namespace holdfast::gitops {
namespace {

struct Good {
  const char* name;
  const char* text;
  ScalarKind kind;
  const char* json;
};

class PlainScalarMeans : public testing::TestWithParam<Good> {};

TEST_P(PlainScalarMeans, WhatTheCoreSchemaSays) {
  const auto read = read_plain_scalar(GetParam().text);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->kind, GetParam().kind);
  EXPECT_EQ(read->json, GetParam().json);
}

INSTANTIATE_TEST_SUITE_P(
    Table, PlainScalarMeans,
    testing::Values(
        Good{"Empty", "", ScalarKind::kNull, "null"}, Good{"Tilde", "~", ScalarKind::kNull, "null"},
        Good{"Null", "null", ScalarKind::kNull, "null"}, Good{"True", "true", ScalarKind::kBool, "true"},
        Good{"UpperFalse", "FALSE", ScalarKind::kBool, "false"}, Good{"Zero", "0", ScalarKind::kInt, "0"},
        Good{"Negative", "-12", ScalarKind::kInt, "-12"}, Good{"PlusSign", "+7", ScalarKind::kInt, "7"},
        Good{"MinusZero", "-0", ScalarKind::kInt, "0"}, Good{"Hex", "0xfF", ScalarKind::kInt, "255"},
        Good{"Octal", "0o17", ScalarKind::kInt, "15"},
        Good{"LargestExact", "9007199254740992", ScalarKind::kInt, "9007199254740992"},
        Good{"Fraction", "1.5", ScalarKind::kFloat, "1.5"},
        Good{"NoLeadingDigit", ".5", ScalarKind::kFloat, "0.5"},
        Good{"NegativeNoLeadingDigit", "-.5", ScalarKind::kFloat, "-0.5"},
        Good{"TrailingDot", "2.", ScalarKind::kFloat, "2"},
        Good{"Exponent", "1e3", ScalarKind::kFloat, "1000"},
        Good{"SmallExponent", "25e-1", ScalarKind::kFloat, "2.5"},
        Good{"VersionLosesItsZero", "1.10", ScalarKind::kFloat, "1.1"},
        Good{"YesIsText", "yes", ScalarKind::kString, "\"yes\""},
        Good{"OffIsText", "off", ScalarKind::kString, "\"off\""},
        Good{"Version", "1.2.3", ScalarKind::kString, "\"1.2.3\""},
        Good{"Quantity", "128Mi", ScalarKind::kString, "\"128Mi\""},
        Good{"Date", "2026-01-01", ScalarKind::kString, "\"2026-01-01\""},
        Good{"Time", "12:30:45", ScalarKind::kString, "\"12:30:45\""},
        Good{"Underscores", "1_000", ScalarKind::kString, "\"1_000\""},
        Good{"Dot", ".", ScalarKind::kString, "\".\""}, Good{"Dash", "-", ScalarKind::kString, "\"-\""},
        Good{"Plus", "+", ScalarKind::kString, "\"+\""},
        Good{"ExponentAlone", "e5", ScalarKind::kString, "\"e5\""},
        Good{"BareExponent", "1e", ScalarKind::kString, "\"1e\""},
        Good{"HexPrefixAlone", "0x", ScalarKind::kString, "\"0x\""},
        Good{"Commit", "3e1f0a9", ScalarKind::kString, "\"3e1f0a9\""}),
    [](const auto& row) { return row.param.name; });

struct Bad {
  const char* name;
  const char* text;
  const char* message;
};

class PlainScalarIsRefused : public testing::TestWithParam<Bad> {};

TEST_P(PlainScalarIsRefused, AndSaysHowToWriteIt) {
  const auto read = read_plain_scalar(GetParam().text);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message(), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Table, PlainScalarIsRefused,
    testing::Values(
        Bad{"LeadingZero", "0644",
            "\"0644\" is octal to some readers of YAML and decimal to others; put it in quotes, or write it "
            "without "
            "the leading zero"},
        Bad{"BeyondExact", "9007199254740993",
            "\"9007199254740993\" is a number beyond 2^53, which JSON does not hold exactly; put it in "
            "quotes"},
        Bad{"BeyondInt64", "99999999999999999999",
            "\"99999999999999999999\" is a number beyond 2^53, which JSON does not hold exactly; put it in "
            "quotes"},
        Bad{"CommitThatIsANumber", "12e4567",
            "\"12e4567\" is a number beyond 2^53, which JSON does not hold exactly; put it in quotes"},
        Bad{"Infinity", "-.inf", "\"-.inf\" is no number that JSON can hold; put it in quotes"},
        Bad{"NotANumber", ".nan", "\".nan\" is no number that JSON can hold; put it in quotes"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace holdfast::gitops
