// SPDX-License-Identifier: Apache-2.0
// Fuzzes the record decoder: first byte the length of the table, second that of the key, then table, key and
// record. What decodes must encode to the same bytes, and what is encoded must decode.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sync/store/record.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using holdfast::sync::decode_record;
  using holdfast::sync::encode_record;
  if (size < 2) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::size_t table_size = std::min<std::size_t>(data[0], size - 2);
  const std::size_t key_size = std::min<std::size_t>(data[1], size - 2 - table_size);
  const std::string_view table = rest.substr(2, table_size);
  const std::string_view key = rest.substr(2 + table_size, key_size);
  const std::string_view record = rest.substr(2 + table_size + key_size);

  const auto payload = decode_record(table, key, record);
  if (payload && encode_record(table, key, *payload) != record) std::abort();
  const std::string made = encode_record(table, key, record);
  const auto again = decode_record(table, key, made);
  if (!again || *again != record) std::abort();
  return 0;
}
