// SPDX-License-Identifier: Apache-2.0
// The bytes of a segment: a header, then records one after the other, then zeros. docs/store.md gives every byte.
// A reader believes a record only by its checksum, which covers the log's id, and only in rising order of sequence: so no
// record of an earlier use of the file, of another log or of another machine is taken for one of this.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace holdfast::sync {

/// Made at random with the log; 0: none.
using LogId = std::uint64_t;

inline constexpr std::size_t kSegmentHeaderBytes = 64;
inline constexpr std::uint32_t kSegmentVersion = 1;
inline constexpr std::size_t kSegmentAcknowledgedAt = 48;

struct SegmentHeader {
  LogId log = 0;
  std::uint64_t first = 0;         ///< sequence of its first record; 0: the segment is free
  std::uint64_t follows = 0;       ///< the last sequence in use before it
  std::uint64_t acknowledged = 0;  ///< up to here all was acknowledged; 0: not known
  bool operator==(const SegmentHeader&) const = default;
};
/// Another version is for tests.
std::string encode_segment_header(const SegmentHeader& header, std::uint32_t version = kSegmentVersion);
/// What stands at kSegmentAcknowledgedAt, which is written again and again.
std::string encode_segment_acknowledged(LogId log, std::uint64_t acknowledged);
/// kTooNew, kCorrupt.
base::Result<SegmentHeader> decode_segment_header(std::string_view bytes);

enum class SegmentRecordKind : std::uint32_t {
  kRecord = 0,
  kMark =
      1,  ///< behind damage: the next record's sequence is one above it, and follows the one that is its payload (u64)
};
struct SegmentRecord {
  std::uint64_t sequence = 0;
  base::WallTime time{};
  std::string_view payload;
  SegmentRecordKind kind = SegmentRecordKind::kRecord;
  bool operator==(const SegmentRecord&) const = default;
};
/// REQUIRES: a payload of 1 to limits::kOutboxRecordBytesMax bytes.
std::string encode_segment_record(LogId log, const SegmentRecord& record);
std::size_t segment_record_bytes(std::size_t payload_bytes);
std::string encode_segment_mark(LogId log, std::uint64_t sequence, std::uint64_t follows);
/// REQUIRES: a mark, as scan_segment() gives it.
std::uint64_t follows_of(const SegmentRecord& mark);

struct SegmentScan {
  std::size_t end = kSegmentHeaderBytes;  ///< behind the last record that reads
  bool is_clean = true;                   ///< nothing but zeros stands behind it
};
/// Every record of `log` in a whole segment, in order, whose sequence is `least` or higher; what does not read is passed by.
/// `visit` says false when it has seen enough.
SegmentScan scan_segment(std::string_view segment, LogId log, std::uint64_t least,
                         const std::function<bool(const SegmentRecord&)>& visit);

}  // namespace holdfast::sync
