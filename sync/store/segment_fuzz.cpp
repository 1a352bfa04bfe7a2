// SPDX-License-Identifier: Apache-2.0
// Fuzzes the reader of segments: what it gives is in rising order and encodes to the bytes that stand there; and a record
// behind any bytes is found, for damage loses only what cannot be read.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sync/store/segment_format.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace holdfast::sync;

constexpr LogId kLog = 0x1122334455667788U;

void must_hold(bool promise) {
  if (!promise) std::abort();
}

void read_all(std::string_view segment) {
  std::uint64_t last = 0;
  const auto scan = scan_segment(segment, kLog, 1, [&](const SegmentRecord& record) {
    must_hold(record.sequence > last && !record.payload.empty());
    last = record.sequence;
    const auto at = static_cast<std::size_t>(record.payload.data() - segment.data()) - 24;
    const auto bytes = encode_segment_record(kLog, record);
    // The padding is nobody's.
    must_hold(segment.substr(at, 32 + record.payload.size()) == bytes.substr(0, 32 + record.payload.size()));
    return true;
  });
  must_hold(scan.end == kSegmentHeaderBytes || scan.end <= segment.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto header = decode_segment_header(input)) {
    const auto again = decode_segment_header(encode_segment_header(*header));
    must_hold(again && *again == *header);
  }
  read_all(input);
  std::string segment(input);
  segment.resize((std::max(size, kSegmentHeaderBytes) + 7) / 8 * 8);
  segment += encode_segment_record(kLog, {UINT64_MAX, {}, "the last one"});
  std::string found;
  scan_segment(segment, kLog, 1, [&](const SegmentRecord& record) {
    found = record.payload;
    return true;
  });
  must_hold(found == "the last one");
  return 0;
}
