// SPDX-License-Identifier: Apache-2.0
// ChangeLog: the last changes of objects, bounded, from which watches resume.
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "hub/objects.hpp"

namespace holdfast::hub {

class ChangeLog {
 public:
  /// Knows nothing of what happened up to and including `start`.
  void begin(std::uint64_t start) { floor_ = start; }
  /// REQUIRES: versions grow.
  void append(Change change);
  /// kLimit when some change after `version` is no longer known.
  base::Result<std::vector<Change>> since(std::uint64_t version, std::string_view type) const;

 private:
  std::uint64_t floor_ = 0;  // changes after this version are all here
  std::deque<Change> changes_;
};

}  // namespace holdfast::hub
