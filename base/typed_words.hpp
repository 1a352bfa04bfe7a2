// SPDX-License-Identifier: Apache-2.0
// The words of a command line, looked at before anything is done with them. What is typed ends in JSON, in logs and in files
// that are UTF-8, and an empty one is a variable of a script that was never set: both are refused by holdfast, holdfast-agent
// and holdfast-hub alike.
// Threads: any.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace holdfast::base {

/// `words` are without the program's name. kInvalid: one of them is empty or not UTF-8; the message says which, and repeats no value.
Status check_typed_words(const std::vector<std::string>& words);

}  // namespace holdfast::base
