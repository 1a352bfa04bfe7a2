// SPDX-License-Identifier: Apache-2.0
// Objects as a table for people. The hub says which columns a type has (meta.k8s.io Table); events, which are
// sorted by time, and resources, which are reports, get theirs here.
// Threads: pure functions.
#pragma once

#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "hub/cli/object_types.hpp"
#include "hub/cli/table.hpp"

namespace holdfast::cli {

enum class Columns { kUsual, kWide };

/// What to ask the hub for.
std::string_view accept_for_table(const ObjectType& type);
/// `answer`: a Table, a list or one object.
Table object_table(const base::Json& answer, const ObjectType& type, Columns columns, base::WallTime now);
Table event_table(const base::Json& events, Columns columns, base::WallTime now);
Table resource_table(const base::Json& resources);
/// The items of a list; of one object, itself.
std::vector<base::Json> items_of(const base::Json& answer);
/// Oldest first.
std::vector<base::Json> events_by_time(const base::Json& events);

}  // namespace holdfast::cli
