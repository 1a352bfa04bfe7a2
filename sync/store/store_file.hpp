// SPDX-License-Identifier: Apache-2.0
// The file of a store as a file: page rounding, making a new name durable.
// Threads: any.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.hpp"

namespace holdfast::sync {

/// Down to a whole page, at least one.
std::size_t round_to_page(std::size_t bytes);
/// The folder that holds `path`.
std::string folder_of(const std::string& path);
/// Marks every descriptor of this process that is open on the file: a workload must not inherit them, and
/// LMDB does not see to it for all of its own.
void close_on_exec(const std::string& path);
/// Hardly a page is left on the file's disk.
bool is_disk_full(const std::string& path);
/// A new, renamed or removed name survives a power cut only after this.
base::Status sync_folder_of(const std::string& path);

}  // namespace holdfast::sync
