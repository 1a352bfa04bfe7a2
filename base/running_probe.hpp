// SPDX-License-Identifier: Apache-2.0
// RunningProbe: one probe on its way, of any kind. Going away ends it, without a word.
// Threads: the event loop's.
#pragma once

#include <functional>
#include <string>

namespace holdfast::base {

class RunningProbe {
 public:
  virtual ~RunningProbe() = default;
  /// Called at most once, from the loop or from within the making of the probe; the probe is done then, but
  /// must not be destroyed inside.
  using OnEnd = std::function<void(bool ok, std::string detail)>;
};

}  // namespace holdfast::base
