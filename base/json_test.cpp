// SPDX-License-Identifier: Apache-2.0
// What parse_json takes, what it refuses and how it says so.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/limits/documents.hpp"

namespace holdfast::base {
namespace {

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

struct GoodText {
  const char* name;
  std::string text;
  const char* canonical;
};

class JsonTakes : public testing::TestWithParam<GoodText> {};

TEST_P(JsonTakes, AndItsCanonicalFormReadsBackAsTheSame) {
  const auto value = parse_json(GetParam().text);
  ASSERT_TRUE(value) << value.error().message();
  EXPECT_EQ(canonical_json(*value), GetParam().canonical);
  const auto again = parse_json(canonical_json(*value));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(*again, *value);
}

INSTANTIATE_TEST_SUITE_P(
    Table, JsonTakes,
    testing::Values(GoodText{"EmptyObject", " { } ", "{}"}, GoodText{"EmptyArray", "[\n]", "[]"},
                    GoodText{"Scalars", R"([null, true, false, "x", 1])", R"([null,true,false,"x",1])"},
                    GoodText{"ScalarAtTheTop", "7", "7"}, GoodText{"EmptyName", R"({"": 1})", R"({"":1})"},
                    GoodText{"Nested", R"({"b": [{"c": {}}], "a": 1})", R"({"a":1,"b":[{"c":{}}]})"},
                    GoodText{"SameNameInOtherObject", R"({"a": {"a": 1}})", R"({"a":{"a":1}})"},
                    GoodText{"LargestExactInteger", "9007199254740992", "9007199254740992"},
                    GoodText{"SmallestExactInteger", "-9007199254740992", "-9007199254740992"},
                    GoodText{"WholeFloatIsAnInteger", "1.0", "1"}, GoodText{"NegativeZero", "-0.0", "0"},
                    GoodText{"LargeFloatKeepsItsExponent", "1E30", "1e+30"},
                    GoodText{"EscapedNul", R"("\u0000")", R"("\u0000")"},
                    GoodText{"SurrogatePair", R"("\ud83d\ude00")", "\"\xF0\x9F\x98\x80\""},
                    GoodText{"DeepestAllowed", nested(limits::kJsonDepthMax),
                             "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
                             "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"}),
    [](const auto& row) { return row.param.name; });

struct BadText {
  const char* name;
  std::string text;
  Code code;
  const char* message;
};

class JsonRefuses : public testing::TestWithParam<BadText> {};

TEST_P(JsonRefuses, AndSaysWhereAndWhy) {
  const auto value = parse_json(GetParam().text);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code(), GetParam().code);
  EXPECT_EQ(value.error().message(), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Table, JsonRefuses,
    testing::Values(
        BadText{"Nothing", "", Code::kInvalid,
                "JSON, byte 0: syntax error while parsing value - unexpected end of input; expected '[', "
                "'{', or a literal"},
        BadText{"HalfAnObject", R"({"a": )", Code::kInvalid,
                "JSON, byte 6: syntax error while parsing value - unexpected end of input; expected '[', "
                "'{', or a literal"},
        BadText{"TrailingText", "{} x", Code::kInvalid,
                "JSON, byte 4: syntax error while parsing value - invalid literal"},
        BadText{"SecondDocument", "{}{}", Code::kInvalid,
                "JSON, byte 3: syntax error while parsing value - unexpected '{'; expected end of input"},
        BadText{"Comment", "{} // no", Code::kInvalid,
                "JSON, byte 4: syntax error while parsing value - invalid literal"},
        BadText{"DuplicateMember", R"({"a": 1, "b": 2, "a": 3})", Code::kInvalid,
                "JSON, byte 20: the member \"a\" is there twice; remove one"},
        BadText{"DuplicateByEscape", R"({"a":1,"\u0061":3})", Code::kInvalid,
                "JSON, byte 15: the member \"a\" is there twice; remove one"},
        BadText{"TooDeep", nested(limits::kJsonDepthMax + 1), Code::kLimit,
                "JSON, byte 65: nested deeper than 64; make it flatter"},
        BadText{"NaN", "NaN", Code::kInvalid,
                "JSON, byte 1: syntax error while parsing value - invalid literal"},
        BadText{"IntegerBeyond53Bits", "9007199254740993", Code::kInvalid,
                "JSON, byte 16: an integer beyond 2^53 is not exact in JSON; write it as a string"},
        BadText{"NegativeBeyond53Bits", "[-9007199254740993]", Code::kInvalid,
                "JSON, byte 19: an integer beyond 2^53 is not exact in JSON; write it as a string"},
        BadText{"IntegerBeyond64Bits", "[123456789012345678901234567890]", Code::kInvalid,
                "JSON, byte 32: an integer beyond 2^53 is not exact in JSON; write it as a string"},
        BadText{"FloatThatWouldPrintAsAnInteger", "[1e20]", Code::kInvalid,
                "JSON, byte 6: an integer beyond 2^53 is not exact in JSON; write it as a string"},
        BadText{"FloatBeyondDouble", "[1e400]", Code::kInvalid,
                "JSON, byte 7: the number is too large; write it as a string"},
        BadText{"ByteOrderMark", "\xEF\xBB\xBF{}", Code::kInvalid,
                "JSON, byte 0: a byte order mark; save the text without one"},
        BadText{"NulAfterTheEnd", std::string("{}\0{}", 5), Code::kInvalid,
                "JSON, byte 2: a NUL byte; this is not JSON text"},
        BadText{"NulInAString", std::string("\"a\0b\"", 5), Code::kInvalid,
                "JSON, byte 2: a NUL byte; this is not JSON text"},
        BadText{"ControlInAString", "\"a\nb\"", Code::kInvalid,
                "JSON, byte 3: syntax error while parsing value - invalid string: control character U+000A "
                "(LF) must be "
                "escaped to \\u000A or \\n"},
        BadText{"LoneSurrogate", R"("\ud83d")", Code::kInvalid,
                "JSON, byte 8: syntax error while parsing value - invalid string: surrogate U+D800..U+DBFF "
                "must be "
                "followed by U+DC00..U+DFFF"},
        BadText{"NotUtf8", "\"\xff\"", Code::kInvalid,
                "JSON, byte 2: syntax error while parsing value - invalid string: ill-formed UTF-8 byte"}),
    [](const auto& row) { return row.param.name; });

TEST(Json, AnErrorNeverQuotesAValue) {
  const auto value = parse_json(R"({"password": "hunter2" oops})");
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().message().find("hunter2"), std::string::npos);
  EXPECT_EQ(value.error().message().find("oops"), std::string::npos);
}

TEST(Json, ADuplicateNameIsShownBoundedAndWithoutControls) {
  const std::string name = "\\u001b[31m" + std::string(1000, 'x');
  const auto value = parse_json("{\"" + name + "\":1,\"" + name + "\":2}");
  ASSERT_FALSE(value);
  EXPECT_LT(value.error().message().size(), 200U);
  EXPECT_EQ(value.error().message().find('\x1b'), std::string::npos);
}

TEST(Json, TheSizeLimitIsTheLastSizeThatPasses) {
  const JsonLimits ten{.bytes_max = 10, .depth_max = 4};
  EXPECT_TRUE(parse_json("\"12345678\"", ten));
  const auto over = parse_json("\"123456789\"", ten);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code(), Code::kLimit);
  EXPECT_EQ(over.error().message(), "JSON of 11 bytes is over the limit of 10; split the document");
}

TEST(Json, TheLimitOfValuesCountsContainersToo) {
  const JsonLimits three{.bytes_max = 100, .depth_max = 4, .values_max = 3};
  EXPECT_TRUE(parse_json("[1,{}]", three));
  const auto over = parse_json("[1,{},2]", three);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code(), Code::kLimit);
  EXPECT_EQ(over.error().message(), "JSON, byte 8: more than 3 values; split the document");
}

TEST(Json, IntegersBeyond53BitsAreRoundedWhereThatIsAskedFor) {
  JsonLimits rounded = default_json_limits();
  rounded.integers = JsonIntegers::kRounded;
  for (const char* text : {"9007199254740993", "-9007199254740993", "18446744073709551616", "1e17"}) {
    const auto value = parse_json(text, rounded);
    ASSERT_TRUE(value) << text << ": " << value.error().message();
    EXPECT_TRUE(value->is_number_float()) << text;
  }
  EXPECT_EQ(parse_json("9007199254740991", rounded)->get<std::int64_t>(), 9007199254740991);
}

TEST(Json, DefaultLimitsAreThoseOfTheLimitsFile) {
  EXPECT_EQ(default_json_limits().bytes_max, limits::kJsonBytesMax);
  EXPECT_EQ(default_json_limits().depth_max, limits::kJsonDepthMax);
  EXPECT_EQ(default_json_limits().values_max, limits::kJsonValuesMax);
}

// ---- 64-bit numbers as text ----

TEST(Decimal, RoundTripsAtBothEnds) {
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{7}, UINT64_MAX}) {
    EXPECT_EQ(from_decimal(to_decimal(value)).value(), value);
  }
  EXPECT_EQ(to_decimal(UINT64_MAX), "18446744073709551615");
}

TEST(Decimal, EachNumberHasOneText) {
  for (const char* text : {"", " 1", "1 ", "+1", "-1", "01", "1.0", "0x10", "one"}) {
    const auto value = from_decimal(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().code(), Code::kInvalid) << text;
  }
  EXPECT_EQ(from_decimal("18446744073709551616").error().message(), "the number is beyond 64 bits");
}

// ---- UTF-8 ----

struct Utf8Row {
  const char* name;
  std::string bytes;
  bool is_good;
};

class Utf8 : public testing::TestWithParam<Utf8Row> {};

TEST_P(Utf8, IsToldFromOtherBytes) { EXPECT_EQ(is_utf8(GetParam().bytes), GetParam().is_good); }

INSTANTIATE_TEST_SUITE_P(
    Table, Utf8,
    testing::Values(Utf8Row{"Empty", "", true}, Utf8Row{"Ascii", "abc", true},
                    Utf8Row{"TwoBytes", "\xC3\xA9", true}, Utf8Row{"ThreeBytes", "\xE2\x82\xAC", true},
                    Utf8Row{"FourBytes", "\xF0\x9F\x98\x80", true}, Utf8Row{"Last", "\xF4\x8F\xBF\xBF", true},
                    Utf8Row{"BeyondLast", "\xF4\x90\x80\x80", false}, Utf8Row{"Overlong2", "\xC0\xAF", false},
                    Utf8Row{"Overlong3", "\xE0\x80\xAF", false},
                    Utf8Row{"Overlong4", "\xF0\x80\x80\xAF", false},
                    Utf8Row{"Surrogate", "\xED\xA0\x80", false}, Utf8Row{"LoneContinuation", "\x80", false},
                    Utf8Row{"CutShort", "\xE2\x82", false}, Utf8Row{"BadThird", "\xE2\x82\x28", false},
                    Utf8Row{"NoLead", "\xFE", false}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace holdfast::base
