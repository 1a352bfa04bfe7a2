// SPDX-License-Identifier: Apache-2.0
// Identity files: what makes a hub the hub of its fleet. The first start makes them in one order, each durable before the
// next, so that one is missing rightly only where no later one is there. Anything else is a loss, and what would be made
// in its place nobody in the fleet would believe.
// Threads: plain functions.
#pragma once

#include "base/result.hpp"
#include "hub/data_folder.hpp"
#include "sync/store/store.hpp"

namespace holdfast::hub {

/// Whether a hub's store held anything before this start. The first thing that is made is an empty one.
enum class StoreContent { kNothing, kRecords };

base::Result<StoreContent> content_of_store(sync::Store& store);

/// kNotFound: one is missing where a hub was before; it is named, and the way out.
base::Status check_identity(const DataFolder& folder, StoreContent store);
/// Any of them, or what is made after them.
bool is_any_identity_there(const DataFolder& folder);

}  // namespace holdfast::hub
