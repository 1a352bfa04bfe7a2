// SPDX-License-Identifier: Apache-2.0
// The SegmentFiles seam: a few numbered files of one fixed size, beneath a SegmentLog. Real: sync/store/folder_segments.hpp.
// Fake: sync/store/fake_segments.hpp, a disk that forgets at a power cut what was not synced.
// Threads: one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::sync {

class SegmentFiles {
 public:
  virtual ~SegmentFiles() = default;
  /// At most `bytes` from `offset` on; less where the file ends, nothing where there is none.
  virtual base::Result<std::string> read(std::size_t number, std::size_t offset, std::size_t bytes) = 0;
  /// The file is there and has this size on the disk; what it held stays, what it lacked is zero. kNoSpace: full, or
  /// read-only.
  virtual base::Status reserve(std::size_t number, std::size_t bytes) = 0;
  /// At once for every reader and after a SIGKILL; after a power cut only when sync() came between. On an error a part of it
  /// may be there.
  virtual base::Status write(std::size_t number, std::size_t offset, std::string_view bytes) = 0;
  virtual base::Status sync(std::size_t number) = 0;
};

}  // namespace holdfast::sync
