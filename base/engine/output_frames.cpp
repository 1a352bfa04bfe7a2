// SPDX-License-Identifier: Apache-2.0
#include "base/engine/output_frames.hpp"

#include <algorithm>

namespace holdfast::base {

Status OutputFrames::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (remaining_ != 0) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), remaining_));
      remaining_ -= size;
      on_output_(stream_, bytes.substr(0, size));
      bytes.remove_prefix(size);
      continue;
    }
    header_[header_size_++] = static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    if (header_size_ == kHeaderSize) HF_CHECK(on_header());
  }
  return {};
}

Status OutputFrames::on_header() {
  header_size_ = 0;
  const bool is_proper = header_[0] <= static_cast<std::uint8_t>(OutputStream::kEngine) &&
                         (header_[1] | header_[2] | header_[3]) == 0;
  if (!is_proper) return fail(Code::kCorrupt, "the container's output does not come in frames");
  stream_ = static_cast<OutputStream>(header_[0]);
  for (std::size_t i = 4; i < kHeaderSize; ++i) remaining_ = remaining_ << 8U | header_[i];
  return {};
}

}  // namespace holdfast::base
