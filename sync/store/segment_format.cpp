// SPDX-License-Identifier: Apache-2.0
#include "sync/store/segment_format.hpp"

#include <cassert>
#include <optional>

#include "base/limits/agent.hpp"
#include "sync/store/record.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;
using base::Result;
namespace limits = base::limits;

namespace {

constexpr std::string_view kMagic = "HFSL";
constexpr std::size_t kRecordHeaderBytes = 24;
constexpr std::size_t kMarkBytes = 8;
constexpr std::size_t kAlignment = 8;

// Names of what is hashed, so that none of the three is ever taken for another.
constexpr std::string_view kHeaderTable = "segment";
constexpr std::string_view kAcknowledgedTable = "acknowledged";
constexpr std::string_view kRecordTable = "event";

void put(std::string& out, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xffU);
}

std::uint64_t get(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = count; i-- > 0;) value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

std::string key_of(LogId log) {
  std::string out;
  put(out, log, 8);
  return out;
}

std::size_t aligned(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

std::optional<SegmentRecord> record_at(std::string_view segment, std::size_t at, LogId log,
                                       std::uint64_t least) {
  if (segment.size() - at < kRecordHeaderBytes + kRecordChecksumBytes) return std::nullopt;
  const auto length = get(segment, at, 4);
  if (length == 0 || length > limits::kOutboxRecordBytesMax) return std::nullopt;
  const auto kind = static_cast<SegmentRecordKind>(get(segment, at + 4, 4));
  const bool is_mark = kind == SegmentRecordKind::kMark && length == kMarkBytes;
  if (kind != SegmentRecordKind::kRecord && !is_mark) return std::nullopt;
  const auto sequence = get(segment, at + 8, 8);
  if (sequence < least || segment_record_bytes(length) > segment.size() - at) return std::nullopt;
  const auto header = segment.substr(at, kRecordHeaderBytes);
  const auto checked = segment.substr(at + kRecordHeaderBytes, length + kRecordChecksumBytes);
  const auto payload = decode_record(kRecordTable, key_of(log).append(header), checked);
  if (!payload) return std::nullopt;
  const auto time = static_cast<std::int64_t>(get(segment, at + 16, 8));
  return SegmentRecord{sequence, base::WallTime(std::chrono::milliseconds(time)), *payload, kind};
}

}  // namespace

std::string encode_segment_acknowledged(LogId log, std::uint64_t acknowledged) {
  std::string number;
  put(number, acknowledged, 8);
  return encode_record(kAcknowledgedTable, key_of(log), number);
}

std::string encode_segment_header(const SegmentHeader& header, std::uint32_t version) {
  std::string out(kMagic);
  put(out, version, 4);
  put(out, header.log, 8);
  put(out, header.first, 8);
  put(out, header.follows, 8);
  put(out, 0, 8);
  out = encode_record(kHeaderTable, key_of(header.log), out);
  return out + encode_segment_acknowledged(header.log, header.acknowledged);
}

Result<SegmentHeader> decode_segment_header(std::string_view bytes) {
  if (bytes.size() < kSegmentHeaderBytes || !bytes.starts_with(kMagic))
    return fail(Code::kCorrupt, "no header of a segment");
  SegmentHeader out{get(bytes, 8, 8), get(bytes, 16, 8), get(bytes, 24, 8), 0};
  HF_TRY([[maybe_unused]] const auto checked,
         decode_record(kHeaderTable, key_of(out.log), bytes.substr(0, kSegmentAcknowledgedAt)));
  // Only what reads is believed to be newer: one flipped bit is damage. So the first bytes are the same in every format.
  if (const auto version = get(bytes, 4, 4); version > kSegmentVersion)
    return fail(Code::kTooNew, "a segment of format version " + std::to_string(version));
  // Written in place and not synced: where it does not read, the same is only sent once more.
  if (const auto number =
          decode_record(kAcknowledgedTable, key_of(out.log),
                        bytes.substr(kSegmentAcknowledgedAt, kSegmentHeaderBytes - kSegmentAcknowledgedAt)))
    out.acknowledged = get(*number, 0, 8);
  return out;
}

std::size_t segment_record_bytes(std::size_t payload_bytes) {
  return aligned(kRecordHeaderBytes + payload_bytes + kRecordChecksumBytes);
}

std::string encode_segment_record(LogId log, const SegmentRecord& record) {
  assert(!record.payload.empty() && record.payload.size() <= limits::kOutboxRecordBytesMax);
  std::string out;
  out.reserve(segment_record_bytes(record.payload.size()));
  put(out, record.payload.size(), 4);
  put(out, static_cast<std::uint64_t>(record.kind), 4);
  put(out, record.sequence, 8);
  put(out, static_cast<std::uint64_t>(record.time.time_since_epoch().count()), 8);
  out += encode_record(kRecordTable, key_of(log).append(out), record.payload);
  out.resize(aligned(out.size()));
  return out;
}

std::string encode_segment_mark(LogId log, std::uint64_t sequence, std::uint64_t follows) {
  std::string payload;
  put(payload, follows, kMarkBytes);
  return encode_segment_record(log, {sequence, {}, payload, SegmentRecordKind::kMark});
}

std::uint64_t follows_of(const SegmentRecord& mark) { return get(mark.payload, 0, kMarkBytes); }

SegmentScan scan_segment(std::string_view segment, LogId log, std::uint64_t least,
                         const std::function<bool(const SegmentRecord&)>& visit) {
  SegmentScan out;
  const auto last_byte = segment.find_last_not_of('\0');
  const std::size_t used = last_byte == std::string_view::npos ? 0 : last_byte + 1;
  for (std::size_t at = kSegmentHeaderBytes; at < used;) {
    const auto record = record_at(segment, at, log, least);
    if (!record) {
      at += kAlignment;
      continue;
    }
    at += segment_record_bytes(record->payload.size());
    out.end = at;
    least = record->sequence + 1;
    if (!visit(*record)) return out;
    if (least == 0) break;
  }
  out.is_clean = used <= out.end;
  return out;
}

}  // namespace holdfast::sync
