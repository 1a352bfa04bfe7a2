// SPDX-License-Identifier: Apache-2.0
// Paths as a kustomization writes them: relative to its folder, ".." included, and never out of the repository.
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::gitops {

/// "apps/web" and "../base//x.yaml" → "apps/base/x.yaml". Errors: what is elsewhere (a URL), absolute, or out of the repository.
base::Result<std::string> path_beside(std::string_view folder, std::string_view path);

}  // namespace holdfast::gitops
