// SPDX-License-Identifier: Apache-2.0
// What a failing disk, and who tampers with it, do to the file of a store, for tests.
// Threads: any; nobody has the file open.
#pragma once

#include <string>

#include "sync/store/store.hpp"

namespace holdfast::sync {

/// Zeroes the page at which the list of free pages begins, as the newer of the two first pages says. false: it is empty.
bool zero_free_list(const std::string& path);
/// Writes over its first entry that the page at which the list of tables begins is free. false: it is empty.
bool free_a_used_page(const std::string& path);
/// What anybody can write who can write the file: a record with the checksum that needs no secret.
bool forge_record(const std::string& path, Table table, const std::string& key, const std::string& value);

}  // namespace holdfast::sync
