// SPDX-License-Identifier: Apache-2.0
// What a process start must look like before any host tries it; the same for the real Host and the fake.
// Pure.
// Threads: plain values.
#pragma once

#include "base/host.hpp"

namespace holdfast::base {

/// [a-z0-9.-]{1,100}, beginning with a letter or digit: it is the name of a folder.
Status check_process_id(const ProcessId& id);
Status check_process_start(const ProcessStart& start);
Status check_probe_start(const ProbeStart& probe);

}  // namespace holdfast::base
