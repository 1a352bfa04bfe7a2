// SPDX-License-Identifier: Apache-2.0
// OpenSSL's error queue as words.
// Threads: the queue is one of each thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::sync {

/// Empties the queue. The reason of its newest entry after `what`.
base::Error openssl_error(base::Code code, std::string_view what);

}  // namespace holdfast::sync
