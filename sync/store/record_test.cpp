// SPDX-License-Identifier: Apache-2.0
#include "sync/store/record.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/digest.hpp"

namespace holdfast::sync {
namespace {

using base::Code;

struct Example {
  const char* name;
  std::string table;
  std::string key;
  std::string payload;
  std::string checksum_hex;
};

class RecordGolden : public testing::TestWithParam<Example> {};

TEST_P(RecordGolden, HasTheFrozenBytesOfStoreMd) {
  const auto& row = GetParam();
  const std::string record = encode_record(row.table, row.key, row.payload);
  EXPECT_EQ(record.substr(0, row.payload.size()), row.payload);
  EXPECT_EQ(base::to_hex(record.substr(row.payload.size())), row.checksum_hex);
  const auto payload = decode_record(row.table, row.key, record);
  ASSERT_TRUE(payload) << payload.error().message();
  EXPECT_EQ(*payload, row.payload);
}

INSTANTIATE_TEST_SUITE_P(Bytes, RecordGolden,
                         testing::Values(Example{"Text", "meta", "schema", "hello", "56b4b934391a40fa"},
                                         Example{"EmptyPayload", "state", "k", "", "6afed789dd79c138"},
                                         Example{"ZeroBytes", "state", std::string("\0\1", 2),
                                                 std::string("\0\0", 2), "bff526db8f5bd9b6"}),
                         [](const auto& row) { return row.param.name; });

// openssl mac -macopt hexkey:000102030405060708090a0b0c0d0e0f -macopt size:8 -in FILE SIPHASH
TEST(Record, ByAKeyOfItsOwnHasTheFrozenBytesOfStoreMd) {
  const RecordKey own{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const std::string record = encode_record("meta", "schema", "hello", own);
  EXPECT_EQ(base::to_hex(record.substr(5)), "4427efe036721575");
  EXPECT_TRUE(decode_record("meta", "schema", record, own));
  EXPECT_EQ(decode_record("meta", "schema", record).error().code(), Code::kCorrupt);
  EXPECT_EQ(decode_record("meta", "schema", encode_record("meta", "schema", "hello"), own).error().code(),
            Code::kCorrupt)
      << "what anybody can make proves nothing to who has a key";
}

TEST(Record, OfAnotherKeyOrTableDoesNotCheck) {
  const std::string record = encode_record("state", "a", "value");
  EXPECT_TRUE(decode_record("state", "a", record));
  EXPECT_EQ(decode_record("state", "b", record).error().code(), Code::kCorrupt);
  EXPECT_EQ(decode_record("other", "a", record).error().code(), Code::kCorrupt);
}

TEST(Record, MovingAByteFromTableToKeyDoesNotCheck) {
  EXPECT_FALSE(decode_record("ta", "ble", encode_record("tab", "le", "value")));
  EXPECT_FALSE(decode_record("t", "k", encode_record("t", "kv", "")));
}

TEST(Record, EverySingleFlippedBitIsFound) {
  const std::string good = encode_record("state", "key", "a payload of some length");
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    const auto payload = decode_record("state", "key", bad);
    ASSERT_FALSE(payload) << "bit " << bit;
    EXPECT_EQ(payload.error().code(), Code::kCorrupt);
  }
}

TEST(Record, ShorterThanAChecksumIsCorrupt) {
  for (std::size_t size = 0; size < kRecordChecksumBytes; ++size) {
    EXPECT_EQ(decode_record("t", "k", std::string(size, '\0')).error().code(), Code::kCorrupt) << size;
  }
}

TEST(Record, ErrorsNameTableAndKeyInPrintableForm) {
  const auto payload = decode_record("state", std::string("sec\0\xff", 5), "nonsense");
  ASSERT_FALSE(payload);
  EXPECT_NE(payload.error().message().find("state/sec\\x00\\xff"), std::string::npos)
      << payload.error().message();
}

}  // namespace
}  // namespace holdfast::sync
