// SPDX-License-Identifier: Apache-2.0
// Small files of the host itself, outside any root: /proc, /sys, the run folders. For a person's files go
// through HostFiles.
// Threads: any.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::base {

/// Longer than bytes_max is Code::kLimit.
Result<std::string> read_plain_file(const std::string& path, std::size_t bytes_max);
/// Writes an existing file in place, as the kernel's control files want it: one write.
Status write_control_file(const std::string& path, std::string_view text);
/// A reader sees the old file or this one. Not synced: for what a power cut makes worthless anyway.
Status replace_plain_file(const std::string& path, std::string_view content);

}  // namespace holdfast::base
