// SPDX-License-Identifier: Apache-2.0
// Record: a stored value with its checksum, because LMDB has none of its own. docs/store.md gives every byte:
//
//   0    n  payload
//   n    8  SipHash-2-4 over table, key and payload, little-endian
//
// The key of the hash is public unless the store has one of its own: the public one finds damage and misplaced records, and
// proves no authorship; one that only the owner knows shows that the owner wrote this, there, at some time.
// Threads: pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::sync {

inline constexpr std::size_t kRecordChecksumBytes = 8;

using RecordKey = std::array<unsigned char, 16>;
/// Frozen: another one makes every hub's store, and every segment, unreadable.
inline constexpr RecordKey kPublicRecordKey{'h', 'o', 'l', 'd', 'f', 'a', 's', 't',
                                            '-', 'r', 'e', 'c', 'o', 'r', 'd', '1'};

using RecordChecksum = std::array<unsigned char, kRecordChecksumBytes>;
RecordChecksum record_checksum(std::string_view table, std::string_view key, std::string_view payload,
                               const RecordKey& by = kPublicRecordKey);
inline std::size_t record_bytes(std::string_view payload) { return payload.size() + kRecordChecksumBytes; }
/// Writes record_bytes(payload) bytes from `to` on.
void write_record(char* to, std::string_view payload, const RecordChecksum& checksum);
std::string encode_record(std::string_view table, std::string_view key, std::string_view payload,
                          const RecordKey& by = kPublicRecordKey);
/// The payload, a view into `record`. kCorrupt, naming table and key, when the checksum does not hold.
base::Result<std::string_view> decode_record(std::string_view table, std::string_view key,
                                             std::string_view record, const RecordKey& by = kPublicRecordKey);

/// "table/key" for a message: bytes that cannot be printed are shown as \xNN.
std::string record_name(std::string_view table, std::string_view key);

}  // namespace holdfast::sync
