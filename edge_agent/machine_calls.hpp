// SPDX-License-Identifier: Apache-2.0
// The two readings that are no files: room on a disk, and whether the clock is kept right.
// Threads: any.
#pragma once

#include <sys/timex.h>

#include <optional>
#include <string>

#include "edge_agent/machine_readings.hpp"

namespace holdfast::edge_agent {

/// Of the file system that `path` is on, as a program without privileges may use it.
std::optional<DiskSpace> disk_space(const std::string& path);

/// Asks the kernel; nothing where it does not say.
std::optional<bool> clock_synced();
/// Of what adjtimex(2) filled in and returned. As systemd-timedated decides it: by the largest error that the clock may have,
/// which the kernel counts up to 16 s while nobody keeps it; STA_UNSYNC alone is also set by who wants the kernel to leave
/// the hardware clock alone.
bool is_synced(const timex& state);

}  // namespace holdfast::edge_agent
