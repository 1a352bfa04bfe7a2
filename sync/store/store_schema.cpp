// SPDX-License-Identifier: Apache-2.0
#include "sync/store/store_schema.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;

namespace {

constexpr std::string_view kKey = "schema";
constexpr std::string_view kMagic = "HFST";
constexpr unsigned kNumberBytes = 4;

}  // namespace

const RecordKey& record_key_of(std::string_view table, std::string_view key, const RecordKey& own) {
  return table == kMetaTable.name && key == kKey ? kPublicRecordKey : own;
}

base::Result<std::optional<std::uint32_t>> read_schema(ReadTxn& txn) {
  HF_TRY(const auto value, txn.get(kMetaTable, kKey));
  if (!value) return std::nullopt;
  if (value->size() != kMagic.size() + kNumberBytes || value->substr(0, kMagic.size()) != kMagic) {
    return fail(Code::kCorrupt, "meta/schema: not a schema record");
  }
  std::uint32_t schema = 0;
  for (unsigned i = 0; i < kNumberBytes; ++i) {
    schema |= std::uint32_t{static_cast<unsigned char>((*value)[kMagic.size() + i])} << (8 * i);
  }
  return schema;
}

base::Status put_schema(WriteTxn& txn, std::uint32_t schema) {
  std::string value(kMagic);
  for (unsigned i = 0; i < kNumberBytes; ++i) value.push_back(static_cast<char>((schema >> (8 * i)) & 0xffU));
  return txn.put(kMetaTable, kKey, value);
}

base::Status check_schema(std::optional<std::uint32_t> found, const StoreSchema& known,
                          const std::string& path) {
  if (!found) return {};
  if (*found > known.newest) {
    return fail(Code::kTooNew, path + " has schema " + std::to_string(*found) +
                                   "; this release reads up to " + std::to_string(known.newest) +
                                   ". Install the newer release again");
  }
  if (*found < known.oldest) {
    return fail(Code::kUnsupported, path + " has schema " + std::to_string(*found) +
                                        "; this release reads from " + std::to_string(known.oldest) +
                                        " on. Go through the releases between");
  }
  return {};
}

}  // namespace holdfast::sync
