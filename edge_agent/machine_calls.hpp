// SPDX-License-Identifier: Apache-2.0
// What is told by calls and not by files: room on a disk, whether the clock is kept right, and the machine's address.
// Threads: any.
#pragma once

#include <ifaddrs.h>
#include <sys/socket.h>
#include <sys/timex.h>

#include <optional>
#include <string>

#include "edge_agent/machine_readings.hpp"

namespace holdfast::edge_agent {

/// Of the file system that `path` is on, as a program without privileges may use it.
std::optional<DiskSpace> disk_space(const std::string& path);

/// By which others reach this machine: that from which the kernel would send to a place far away; without a way there the first of an
/// interface that is up. IPv4 before IPv6; empty: there is none. Sends nothing.
std::string node_address();

/// Of what getifaddrs(3) gives: the first that leads out; empty: none does.
std::string first_address(const ifaddrs* interfaces);
/// "192.0.2.1"; empty: it is no IP address.
std::string address_text(const sockaddr* address);

/// Asks the kernel; nothing where it does not say.
std::optional<bool> clock_synced();
/// Of what adjtimex(2) filled in and returned. As systemd-timedated decides it: by the largest error that the clock may have,
/// which the kernel counts up to 16 s while nobody keeps it; STA_UNSYNC alone is also set by who wants the kernel to leave
/// the hardware clock alone.
bool is_synced(const timex& state);

}  // namespace holdfast::edge_agent
