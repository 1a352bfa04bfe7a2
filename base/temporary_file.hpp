// SPDX-License-Identifier: Apache-2.0
// TemporaryFile: the new content of a file, in the file's own folder under a name of ours
// (".holdfast-<16 hex digits>.tmp") until it is renamed into place. Gone again if it never is.
// Threads: one at a time.
#pragma once

#include <string>
#include <string_view>

#include "base/handle.hpp"
#include "base/result.hpp"

namespace holdfast::base {

class TemporaryFile {
 public:
  /// In `folder`, which must outlive it and be open for more than O_PATH; mode 0600. `path` is what errors
  /// name.
  static Result<TemporaryFile> make(const Fd& folder, std::string path);
  TemporaryFile(TemporaryFile&& other) noexcept;
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile();

  Status append(std::string_view bytes);
  /// Durable content, then the name; the caller syncs the folder.
  Status sync_and_rename(const std::string& name);
  const Fd& fd() const { return file_; }

  /// Removes what a crash between make and rename left behind. Best effort.
  static void remove_leftovers(const Fd& folder);

 private:
  TemporaryFile(int folder, std::string name, std::string path, Fd file);

  int folder_;
  std::string name_;  ///< empty once renamed
  std::string path_;
  Fd file_;
};

}  // namespace holdfast::base
