// SPDX-License-Identifier: Apache-2.0
#include "sync/store/segment_format.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

namespace holdfast::sync {
namespace {

using namespace std::chrono_literals;

constexpr base::WallTime kNow{std::chrono::milliseconds{1'767'225'600'000}};

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path << ": run from the root of the tree";
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// The bytes are frozen: every release reads this file.
TEST(SegmentFormat, Golden) {
  std::string segment = encode_segment_header({0x1122334455667788U, 17, 16, 17});
  segment += encode_segment_record(0x1122334455667788U, {17, kNow, R"({"reason":"Applied"})"});
  segment += encode_segment_record(0x1122334455667788U, {18, kNow + 1ms, "x"});
  segment += encode_segment_mark(0x1122334455667788U, 4'114, 19);
  segment += encode_segment_record(0x1122334455667788U, {4'115, kNow + 2ms, "behind a mark"});
  segment.resize(320);
  const std::string path = "test/golden/outbox-1.segment";
  if (std::getenv("HOLDFAST_WRITE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << segment;
  const auto golden = read_file(path);
  EXPECT_EQ(golden, segment) << "these bytes are frozen";
  EXPECT_EQ(decode_segment_header(golden), (SegmentHeader{0x1122334455667788U, 17, 16, 17}));
  std::vector<std::string> payloads;
  const auto scan = scan_segment(golden, 0x1122334455667788U, 1, [&](const SegmentRecord& record) {
    const bool is_mark = record.kind == SegmentRecordKind::kMark;
    payloads.emplace_back(is_mark ? "mark " + std::to_string(follows_of(record)) : record.payload);
    return true;
  });
  EXPECT_EQ(payloads, (std::vector<std::string>{R"({"reason":"Applied"})", "x", "mark 19", "behind a mark"}));
  EXPECT_TRUE(scan.is_clean);
}

}  // namespace
}  // namespace holdfast::sync
