// SPDX-License-Identifier: Apache-2.0
// The few questions the shim asks the kernel: time, who a pid is, its own children.
// Threads: the shim has one.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace holdfast::base::shim {

std::int64_t wall_ms();
std::int64_t monotonic_ms();
/// Field 22 of /proc/PID/stat; 0 if there is no such process.
std::int64_t start_time_of(pid_t pid);
/// Reads up to `size` - 1 bytes and a NUL; returns how many, -1 if it cannot be read.
ssize_t read_whole(int folder, const char* name, char* out, std::size_t size);
bool write_whole(int fd, const char* bytes, std::size_t size);
/// Writes a control file of the kernel. False, and errno, when it did not take it.
bool write_control(const char* path, const char* text);
/// Sends `signal` to each child of this process; returns how many there are. As a subreaper the shim becomes
/// the parent of whatever a child leaves behind, so doing it again and again reaches every descendant.
int signal_children(int signal);

}  // namespace holdfast::base::shim
