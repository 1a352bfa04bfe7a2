// SPDX-License-Identifier: Apache-2.0
#include "sync/store/record.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/digest.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;

namespace {

static_assert(kRecordChecksumBytes == crypto_shorthash_BYTES);

static_assert(kPublicRecordKey.size() == crypto_shorthash_KEYBYTES);

void append_length(std::string& out, std::size_t length) {
  for (unsigned shift = 0; shift < 32; shift += 8)
    out.push_back(static_cast<char>((length >> shift) & 0xffU));
}

const unsigned char* as_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string_view view(const RecordChecksum& sum) {
  return {reinterpret_cast<const char*>(sum.data()), sum.size()};
}

}  // namespace

// Lengths go first, so that no two (table, key, payload) hash the same bytes.
RecordChecksum record_checksum(std::string_view table, std::string_view key, std::string_view payload,
                               const RecordKey& by) {
  std::string covered;
  covered.reserve(8 + table.size() + key.size() + payload.size());
  append_length(covered, table.size());
  append_length(covered, key.size());
  covered.append(table).append(key).append(payload);
  RecordChecksum out{};
  crypto_shorthash(out.data(), as_bytes(covered), covered.size(), by.data());
  return out;
}

void write_record(char* to, std::string_view payload, const RecordChecksum& checksum) {
  std::ranges::copy(view(checksum), std::ranges::copy(payload, to).out);
}

std::string encode_record(std::string_view table, std::string_view key, std::string_view payload,
                          const RecordKey& by) {
  std::string out(record_bytes(payload), '\0');
  write_record(out.data(), payload, record_checksum(table, key, payload, by));
  return out;
}

base::Result<std::string_view> decode_record(std::string_view table, std::string_view key,
                                             std::string_view record, const RecordKey& by) {
  if (record.size() < kRecordChecksumBytes) {
    return fail(Code::kCorrupt, record_name(table, key) + ": the stored record is shorter than its checksum");
  }
  const std::string_view payload = record.substr(0, record.size() - kRecordChecksumBytes);
  const auto sum = record_checksum(table, key, payload, by);
  if (sodium_memcmp(record.substr(payload.size()).data(), sum.data(), sum.size()) != 0) {
    return fail(Code::kCorrupt, record_name(table, key) + ": the stored record does not match its checksum");
  }
  return payload;
}

std::string record_name(std::string_view table, std::string_view key) {
  constexpr std::size_t kShown = 64;
  std::string out(table);
  out.push_back('/');
  for (const char c : key.substr(0, kShown)) {
    if (c >= 0x20 && c < 0x7f && c != '\\') {
      out.push_back(c);
    } else {
      out.append("\\x").append(base::to_hex(std::string_view(&c, 1)));
    }
  }
  if (key.size() > kShown) out.append("…");
  return out;
}

}  // namespace holdfast::sync
