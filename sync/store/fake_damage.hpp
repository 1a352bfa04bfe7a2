// SPDX-License-Identifier: Apache-2.0
// What a failing disk does to the file of a store, for tests.
// Threads: any; nobody has the file open.
#pragma once

#include <string>

namespace holdfast::sync {

/// Zeroes the page at which the list of free pages begins, as the newer of the two first pages says. false: it is empty.
bool zero_free_list(const std::string& path);
/// Writes over its first entry that the page at which the list of tables begins is free. false: it is empty.
bool free_a_used_page(const std::string& path);

}  // namespace holdfast::sync
