// SPDX-License-Identifier: Apache-2.0
// Kubernetes quantities in thousandths.
#include "sync/model/quantity.hpp"

#include <gtest/gtest.h>

#include "base/limits/model.hpp"

namespace holdfast::sync {
namespace {

struct GoodQuantity {
  const char* text;
  std::int64_t milli;
};

TEST(Quantity, IsReadExactly) {
  constexpr std::int64_t kMi = std::int64_t{1} << 20;
  const GoodQuantity rows[] = {
      {"0", 0},
      {"1", 1'000},
      {"500m", 500},
      {"1.5", 1'500},
      {".5", 500},
      {"5.", 5'000},
      {"0.1", 100},
      {"128Mi", 128 * kMi * 1'000},
      {"0.5Ki", 512'000},
      {"1.5G", 1'500'000'000'000},
      {"2e3", 2'000'000},
      {"2E3", 2'000'000},
      {"2e+3", 2'000'000},
      {"25e-1", 2'500},
      {"1k", 1'000'000},
      {"1P", 1'000'000'000'000'000'000},
      {"8Pi", 8'000 * (std::int64_t{1} << 50)},
      {"1u", 1},
      {"1n", 1},
      {"0.0001", 1},
      {"0000000000000000000000000000001", 1'000},
      {"+1", 1'000},
      {"-1", -1'000},
      {"-1500u", -2},
      {"-0", 0},
      {"0e99", 0},
      {"1e-99", 1},
      {"123456789012.345678", 123'456'789'012'346},
      {"9223372036854775807m", INT64_MAX},
  };
  for (const auto& row : rows) {
    const auto milli = parse_quantity_milli(row.text);
    ASSERT_TRUE(milli) << row.text << ": " << milli.error().message();
    EXPECT_EQ(*milli, row.milli) << row.text;
  }
}

TEST(Quantity, TooLargeIsALimit) {
  for (const char* text : {"1E", "8Ei", "1e99", "10P", "9223372036854775808m"}) {
    const auto milli = parse_quantity_milli(text);
    ASSERT_FALSE(milli) << text;
    EXPECT_EQ(milli.error().code(), base::Code::kLimit) << milli.error().message();
  }
}

TEST(Quantity, IsRefusedWhenItIsNone) {
  const std::string too_long(base::limits::kQuantityLengthMax + 1, '0');
  for (const std::string& text : {std::string(),
                                  std::string("."),
                                  std::string("m"),
                                  std::string("1 Gi"),
                                  std::string("1gi"),
                                  std::string("1GI"),
                                  std::string("1K"),
                                  std::string("1MB"),
                                  std::string("1.2.3"),
                                  std::string("e3"),
                                  std::string("1e"),
                                  std::string("1e+"),
                                  std::string("1e1000"),
                                  std::string("1e3Mi"),
                                  std::string("--1"),
                                  std::string("1,5"),
                                  std::string("0x10"),
                                  std::string("NaN"),
                                  std::string("inf"),
                                  std::string("1\n"),
                                  std::string("12345678901234567890"),
                                  too_long}) {
    EXPECT_FALSE(parse_quantity_milli(text)) << text;
  }
}

TEST(Quantity, ErrorGivesExamples) {
  EXPECT_EQ(parse_quantity_milli("12 MB").error().message(),
            "\"12 MB\" is not a quantity such as \"500m\", \"2\" or \"128Mi\"");
}

}  // namespace
}  // namespace holdfast::sync
