// SPDX-License-Identifier: Apache-2.0
// RFC 8785 by its own examples.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "base/json.hpp"

namespace holdfast::base {
namespace {

TEST(CanonicalJson, Section322SerializesPrimitives) {
  const auto value = parse_json(R"({
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false]
  })");
  ASSERT_TRUE(value) << value.error().message();
  EXPECT_EQ(canonical_json(*value),
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
            "\"string\":\"\xE2\x82\xAC$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

TEST(CanonicalJson, Section323SortsByUtf16CodeUnits) {
  // In UTF-8 (and in code points) the emoji, U+1F600, would come after U+FB33.
  const auto value = parse_json(R"({
    "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
    "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"
  })");
  ASSERT_TRUE(value) << value.error().message();
  EXPECT_EQ(
      canonical_json(*value),
      "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xC2\x80\":\"Control\","
      "\"\xC3\xB6\":\"Latin Small Letter O With Diaeresis\",\"\xE2\x82\xAC\":\"Euro Sign\","
      "\"\xF0\x9F\x98\x80\":\"Emoji: Grinning Face\",\"\xEF\xAC\xB3\":\"Hebrew Letter Dalet With Dagesh\"}");
}

TEST(CanonicalJson, AShorterNameComesFirst) {
  EXPECT_EQ(canonical_json(Json{{"ab", 1}, {"a", 2}, {"", 3}}), R"({"":3,"a":2,"ab":1})");
}

TEST(CanonicalJson, EveryControlIsEscapedAsTheRfcSays) {
  EXPECT_EQ(canonical_json(Json("\b\t\n\f\r\x01\x1f\x7f\"\\/")),
            "\"\\b\\t\\n\\f\\r\\u0001\\u001f\x7f\\\"\\\\/\"");
}

struct NumberRow {
  const char* name;
  std::uint64_t bits;  ///< IEEE 754
  const char* text;
};

class CanonicalNumber : public testing::TestWithParam<NumberRow> {};

TEST_P(CanonicalNumber, PrintsAsEcmaScriptDoes) {
  EXPECT_EQ(canonical_json(Json(std::bit_cast<double>(GetParam().bits))), GetParam().text);
}

// RFC 8785 appendix B.
INSTANTIATE_TEST_SUITE_P(
    AppendixB, CanonicalNumber,
    testing::Values(NumberRow{"Zero", 0x0000000000000000, "0"},
                    NumberRow{"MinusZero", 0x8000000000000000, "0"},
                    NumberRow{"MinPositive", 0x0000000000000001, "5e-324"},
                    NumberRow{"MinNegative", 0x8000000000000001, "-5e-324"},
                    NumberRow{"MaxPositive", 0x7fefffffffffffff, "1.7976931348623157e+308"},
                    NumberRow{"MaxNegative", 0xffefffffffffffff, "-1.7976931348623157e+308"},
                    NumberRow{"MaxPositiveInteger", 0x4340000000000000, "9007199254740992"},
                    NumberRow{"MaxNegativeInteger", 0xc340000000000000, "-9007199254740992"},
                    NumberRow{"About2To68", 0x4430000000000000, "295147905179352830000"},
                    NumberRow{"Down", 0x44b52d02c7e14af5, "9.999999999999997e+22"},
                    NumberRow{"Exact", 0x44b52d02c7e14af6, "1e+23"},
                    NumberRow{"Up", 0x44b52d02c7e14af7, "1.0000000000000001e+23"},
                    NumberRow{"BelowExponent1", 0x444b1ae4d6e2ef4e, "999999999999999700000"},
                    NumberRow{"BelowExponent2", 0x444b1ae4d6e2ef4f, "999999999999999900000"},
                    NumberRow{"FirstExponent", 0x444b1ae4d6e2ef50, "1e+21"},
                    NumberRow{"BelowFraction", 0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
                    NumberRow{"FirstFraction", 0x3eb0c6f7a0b5ed8d, "0.000001"},
                    NumberRow{"Third1", 0x41b3de4355555553, "333333333.3333332"},
                    NumberRow{"Third2", 0x41b3de4355555554, "333333333.33333325"},
                    NumberRow{"Third3", 0x41b3de4355555555, "333333333.3333333"},
                    NumberRow{"Third4", 0x41b3de4355555556, "333333333.3333334"},
                    NumberRow{"Third5", 0x41b3de4355555557, "333333333.33333343"},
                    NumberRow{"SmallNegative", 0xbecbf647612f3696, "-0.0000033333333333333333"},
                    NumberRow{"RoundToEven", 0x43143ff3c1cb0959, "1424953923781206.2"}),
    [](const auto& row) { return row.param.name; });

TEST(CanonicalJson, WhatJsonHasNoWordForIsNull) {
  EXPECT_EQ(canonical_json(Json(std::nan(""))), "null");
  EXPECT_EQ(canonical_json(Json(std::numeric_limits<double>::infinity())), "null");
}

TEST(CanonicalJson, DoesNotDependOnTheOrderOfBuilding) {
  Json a;
  a["x"] = 1;
  a["y"] = {1, 2};
  Json b;
  b["y"] = {1, 2};
  b["x"] = 1;
  EXPECT_EQ(Digest::of(canonical_json(a)), Digest::of(canonical_json(b)));
}

}  // namespace
}  // namespace holdfast::base
