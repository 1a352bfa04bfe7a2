// SPDX-License-Identifier: Apache-2.0
// FakeSegments: the SegmentFiles seam in memory, with a cache that a power cut empties: of what was written and not synced
// each sector may have reached the disk or not.
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "sync/store/segment_files.hpp"

namespace holdfast::sync {

class FakeSegments final : public SegmentFiles {
 public:
  base::Result<std::string> read(std::size_t number, std::size_t offset, std::size_t bytes) override;
  base::Status reserve(std::size_t number, std::size_t bytes) override;
  base::Status write(std::size_t number, std::size_t offset, std::string_view bytes) override;
  base::Status sync(std::size_t number) override;

  /// `random`: each sector of it survives by chance; without one all of it is lost.
  void power_cut(base::Random* random = nullptr);
  /// kNoSpace for whatever needs more room, and for writes.
  void set_full(bool full) { is_full_ = full; }
  void set_sync_fails(bool fails) { sync_fails_ = fails; }
  /// Asked before every write and sync; for a program that dies there.
  void on_point(std::function<void()> point) { point_ = std::move(point); }

  // ---- a disk that damages, and what a test looks at ----
  std::string& bytes(std::size_t number) { return files_[number].now; }
  std::uint64_t writes() const { return writes_; }
  std::uint64_t syncs() const { return syncs_; }
  std::size_t bytes_on_disk() const;

 private:
  struct File {
    std::string now;
    std::string durable;
    std::vector<std::pair<std::size_t, std::size_t>> dirty;  ///< offset, length
  };
  std::map<std::size_t, File> files_;
  std::function<void()> point_;
  bool is_full_ = false;
  bool sync_fails_ = false;
  std::uint64_t writes_ = 0;
  std::uint64_t syncs_ = 0;
};

}  // namespace holdfast::sync
