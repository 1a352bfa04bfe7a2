// SPDX-License-Identifier: Apache-2.0
// JSON Patch (RFC 6902) with JSON Pointers (RFC 6901): a list of operations that changes a document, all or
// nothing.
//
//     [{"op": "replace", "path": "/spec/replicas", "value": 3}, {"op": "remove", "path": "/spec/ports/0"}]
//
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace holdfast::base {

/// "/spec/a~1b/0" → "spec", "a/b", "0"; "" is the whole document.
Result<std::vector<std::string>> parse_json_pointer(std::string_view text);

/// Its form alone: a list of add, remove, replace, move, copy and test with the members each needs. Errors name the
/// operation and its member: "[2].path: …".
Status check_json_patch(const Json& patch);

/// Runs check_json_patch and then each operation. On an error `document` is as it was: kNotFound where a path
/// leads nowhere, kConflict where a test fails, kLimit where the document would outgrow base/limits/.
Status apply_json_patch(Json& document, const Json& patch);

}  // namespace holdfast::base
