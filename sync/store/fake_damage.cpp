// SPDX-License-Identifier: Apache-2.0
#include "sync/store/fake_damage.hpp"

#include <cstdint>
#include <cstring>
#include <fstream>
#include <limits>

namespace holdfast::sync {

namespace {

// Where LMDB's first pages have it, with 64-bit words.
constexpr std::size_t kPageSizeAt = 40;
constexpr std::size_t kFreeListAt = 80;
constexpr std::size_t kTransactionAt = 144;
constexpr std::size_t kMetaBytes = kTransactionAt + 8;
constexpr auto kNoPage = std::numeric_limits<std::uint64_t>::max();

struct Meta {
  std::uint64_t transaction = 0;
  std::uint64_t free_list = kNoPage;
  std::uint32_t page_bytes = 0;
};

Meta read_meta(std::fstream& file, std::size_t at) {
  std::string bytes(kMetaBytes, '\0');
  file.seekg(static_cast<std::streamoff>(at));
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  Meta out;
  std::memcpy(&out.page_bytes, bytes.data() + kPageSizeAt, sizeof(out.page_bytes));
  std::memcpy(&out.free_list, bytes.data() + kFreeListAt, sizeof(out.free_list));
  std::memcpy(&out.transaction, bytes.data() + kTransactionAt, sizeof(out.transaction));
  return out;
}

}  // namespace

bool zero_free_list(const std::string& path) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  const Meta first = read_meta(file, 0);
  const Meta second = read_meta(file, first.page_bytes);
  const Meta& newer = second.transaction > first.transaction ? second : first;
  if (!file || newer.free_list == kNoPage) return false;
  file.seekp(static_cast<std::streamoff>(newer.free_list * newer.page_bytes));
  file << std::string(newer.page_bytes, '\0');
  return file.good();
}

}  // namespace holdfast::sync
