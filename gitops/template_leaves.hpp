// SPDX-License-Identifier: Apache-2.0
// The strings of a document that are templates: values only, never keys.
// Threads: pure functions.
#pragma once

#include <functional>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "gitops/field_lines.hpp"

namespace holdfast::gitops {

/// Whether any string of `document` holds "{{".
bool has_template_leaf(const base::Json& document);

/// Calls `change` for each string that holds "{{", in the document's order. Stops at the first error, to
/// which it adds the field. REQUIRES: depth within limits::kJsonDepthMax.
using ChangeLeaf = std::function<base::Status(const FieldPath& field, std::string& text)>;
base::Status for_each_template_leaf(base::Json& document, const ChangeLeaf& change);

}  // namespace holdfast::gitops
