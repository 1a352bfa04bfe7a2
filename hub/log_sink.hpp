// SPDX-License-Identifier: Apache-2.0
// The hub's log goes through spdlog: asynchronous enough for many threads, to standard error, one logfmt line
// each.
// Threads: call once, before others start.
#pragma once

namespace holdfast::hub {

void use_log_sink();

}  // namespace holdfast::hub
