// SPDX-License-Identifier: Apache-2.0
// What a plain (unquoted) scalar of YAML means: the core schema of YAML 1.2, §10.3.2. What readers of
// YAML 1.1 and 1.2 would take for different values, or JSON cannot hold, is an error that says how to write
// it instead.
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::gitops {

enum class ScalarKind { kNull, kBool, kInt, kFloat, kString };

struct PlainScalar {
  ScalarKind kind = ScalarKind::kString;
  std::string json;  ///< the value as JSON text
};

/// Messages name no place. REQUIRES: UTF-8.
base::Result<PlainScalar> read_plain_scalar(std::string_view text);

}  // namespace holdfast::gitops
