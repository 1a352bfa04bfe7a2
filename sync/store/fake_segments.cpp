// SPDX-License-Identifier: Apache-2.0
#include "sync/store/fake_segments.hpp"

#include <algorithm>

namespace holdfast::sync {

using base::Code;
using base::fail;
using base::Result;
using base::Status;

namespace {
constexpr std::size_t kSectorBytes = 512;
}  // namespace

Result<std::string> FakeSegments::read(std::size_t number, std::size_t offset, std::size_t bytes) {
  const auto found = files_.find(number);
  if (found == files_.end() || offset >= found->second.now.size()) return std::string();
  return found->second.now.substr(offset, bytes);
}

Status FakeSegments::reserve(std::size_t number, std::size_t bytes) {
  const auto found = files_.find(number);
  if (found != files_.end() && found->second.now.size() == bytes) return {};
  if (is_full_) return fail(Code::kNoSpace, "the disk is full");
  auto& file = files_[number];
  file.now.resize(bytes);
  file.durable.resize(bytes);
  return {};
}

Status FakeSegments::write(std::size_t number, std::size_t offset, std::string_view bytes) {
  if (point_) point_();
  const auto found = files_.find(number);
  if (is_full_ || found == files_.end()) return fail(Code::kNoSpace, "the disk is full");
  auto& file = found->second;
  ++writes_;
  file.now.replace(offset, bytes.size(), bytes);
  file.dirty.emplace_back(offset, bytes.size());
  return {};
}

Status FakeSegments::sync(std::size_t number) {
  if (point_) point_();
  if (sync_fails_) return fail(Code::kIo, "the disk does not answer");
  auto& file = files_[number];
  ++syncs_;
  file.durable = file.now;
  file.dirty.clear();
  return {};
}

void FakeSegments::power_cut(base::Random* random) {
  for (auto& [number, file] : files_) {
    for (const auto& [offset, length] : file.dirty) {
      for (std::size_t at = offset; random != nullptr && at < offset + length;) {
        const auto end = std::min(offset + length, (at / kSectorBytes + 1) * kSectorBytes);
        if (random->below(2) == 0) std::copy_n(file.now.data() + at, end - at, file.durable.data() + at);
        at = end;
      }
    }
    file.dirty.clear();
    file.now = file.durable;
  }
}

std::size_t FakeSegments::bytes_on_disk() const {
  std::size_t out = 0;
  for (const auto& [number, file] : files_) out += file.now.size();
  return out;
}

}  // namespace holdfast::sync
