// SPDX-License-Identifier: Apache-2.0
// IP addresses as manifests write them: hostIP of a port, ip of a host alias.
// Threads: pure function.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::sync {

/// "192.168.1.5", "::1", "fd00::17"; no zone, no brackets.
base::Result<std::string> parse_ip_address(std::string_view text);

}  // namespace holdfast::sync
