// SPDX-License-Identifier: Apache-2.0
// The few plain file operations that programs need for their own files: keys, configuration, data folders.
// Files of the machine that an agent keeps go through base/host.hpp instead.
// Symlinks are followed here, as a person who names a path expects.
// Threads: any, on different files. All of it may block as long as a disk does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/handle.hpp"
#include "base/result.hpp"

namespace holdfast::base {

/// A whole regular file; more than `bytes_max` is Code::kLimit, a missing file Code::kNotFound.
Result<std::string> read_file(const std::string& path, std::size_t bytes_max);

/// Whole and durable when it returns, and never half there: temporary file beside it, fsync, rename, fsync
/// of the folder. `mode` holds whatever the umask is. The folder must exist. On an error the old file stands.
Status write_file(const std::string& path, std::string_view content, std::uint32_t mode);

/// One that is not there is removed already.
Status remove_file(const std::string& path);

/// Makes `path` for us alone (0700), its missing parents 0755. One that is there must be ours and closed to
/// others: its mode is never changed here, unless it is empty.
Status make_private_directory(const std::string& path);

/// Held by the one process that uses a data folder. Let go when it is destroyed or the process ends, however.
class DirectoryLock {
 public:
  /// Code::kConflict names who holds it. Removes temporary files that a crash left in the folder.
  static Result<DirectoryLock> take(const std::string& directory);

 private:
  explicit DirectoryLock(Fd file) : file_(std::move(file)) {}
  Fd file_;
};

}  // namespace holdfast::base
