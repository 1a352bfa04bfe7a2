// SPDX-License-Identifier: Apache-2.0
// What a failing disk does to the file of a store, for tests.
// Threads: any; nobody has the file open.
#pragma once

#include <string>

namespace holdfast::sync {

/// Zeroes the page at which the list of free pages begins, as the newer of the two first pages says. false: it is empty.
bool zero_free_list(const std::string& path);

}  // namespace holdfast::sync
