// SPDX-License-Identifier: Apache-2.0
// Segments: the bounded log files of one process. Appends whole lines; starts the next segment when one is
// full; drops the oldest beyond the bound; goes on when the disk is full, and says afterwards what was lost.
// Nothing here waits for the disk: logs are not synced.
// Threads: the shim has one.
#pragma once

#include <cstddef>
#include <cstdint>

namespace holdfast::base::shim {

class Segments {
 public:
  /// `folder` is made when it is missing, now or later. REQUIRES: it outlives this.
  explicit Segments(const char* folder) : path_(folder) {}
  void append(const char* lines, std::size_t size);

 private:
  bool open_folder();
  bool next_segment();
  std::int64_t drop_oldest(std::int64_t& newest);
  bool put(const char* bytes, std::size_t size);
  bool remark();

  const char* path_;
  int folder_ = -1;
  int file_ = -1;
  std::size_t size_ = 0;       ///< of the segment, up to its last whole line
  std::uint64_t dropped_ = 0;  ///< bytes since the last remark
};

}  // namespace holdfast::base::shim
