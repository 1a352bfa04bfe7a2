// SPDX-License-Identifier: Apache-2.0
// FolderSegments: SegmentFiles as files 0.segment, 1.segment, … of one folder, 0600 in 0700. Written to their full size when
// they are made, so that a record never needs the disk to find room, nor the file system to write down where it is.
// Threads: one.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/handle.hpp"
#include "sync/store/segment_files.hpp"

namespace holdfast::sync {

class FolderSegments final : public SegmentFiles {
 public:
  /// Touches nothing before the first call.
  explicit FolderSegments(std::string folder) : folder_(std::move(folder)) {}

  base::Result<std::string> read(std::size_t number, std::size_t offset, std::size_t bytes) override;
  base::Status reserve(std::size_t number, std::size_t bytes) override;
  base::Status write(std::size_t number, std::size_t offset, std::string_view bytes) override;
  base::Status sync(std::size_t number) override;

  /// Its files and the folder, as far as they are there.
  base::Status remove(std::size_t count);

 private:
  std::string path_of(std::size_t number) const;
  /// To write to; kept open.
  base::Result<int> file(std::size_t number);

  std::string folder_;
  std::vector<base::Fd> files_;
  bool is_folder_synced_ = false;
};

}  // namespace holdfast::sync
