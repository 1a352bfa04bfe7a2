// SPDX-License-Identifier: Apache-2.0
// What of a JSON value can be kept: the store's records are read back strictly (base/json.hpp), so a text that is
// not UTF-8 or a number that JSON cannot hold exactly must not get in.
// Threads: pure functions.
#pragma once

#include <string>

#include "base/json.hpp"
#include "base/result.hpp"

namespace holdfast::hub {

/// kInvalid names the member: "spec.source.path: is not UTF-8". `where` is put before it.
base::Status check_keepable(const base::Json& value, const std::string& where = {});
/// For what the hub itself says of a thing (statuses, events): texts cleaned, numbers beyond JSON as text.
base::Json made_keepable(base::Json value);

}  // namespace holdfast::hub
