// SPDX-License-Identifier: Apache-2.0
// An image for tests that needs no registry: one layer with Debian's static busybox, as `docker save` would write it.
// Threads: pure function but for reading the program.
#pragma once

#include <string>

namespace holdfast::base {

/// The whole archive; `name` is "registry/name:tag".
std::string busybox_archive(const std::string& name);

}  // namespace holdfast::base
