// SPDX-License-Identifier: Apache-2.0
// ExitCode: what a script learns from the command line.
// Threads: plain values.
#pragma once

namespace holdfast::cli {

enum class ExitCode : int {
  kDone = 0,
  kFailed = 1,
  kUsedWrongly = 2,
  kNotTrue = 3,  ///< asked whether something holds, and it does not (yet): wait, diff, rollout status
};

}  // namespace holdfast::cli
