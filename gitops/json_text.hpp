// SPDX-License-Identifier: Apache-2.0
// Looking into a document before anybody has checked what it is.
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"

namespace holdfast::gitops {

/// A member that is a string; "" where it is not, or `object` is none.
std::string text_member(const base::Json& object, std::string_view name);

/// `kind: List`, and kubectl's lists of one kind.
bool is_manifest_list(const base::Json& document);

}  // namespace holdfast::gitops
