// SPDX-License-Identifier: Apache-2.0
// A path as a person types it, made one that holds wherever a program and its children go. Asked once, where options are read.
// Threads: any, while nobody changes the working folder.
#pragma once

#include <string>

#include "base/result.hpp"

namespace holdfast::base {

/// Of an empty path: empty. Nothing has to be there; links are left as they are.
Result<std::string> absolute_path(const std::string& path);

}  // namespace holdfast::base
