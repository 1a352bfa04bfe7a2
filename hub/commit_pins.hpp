// SPDX-License-Identifier: Apache-2.0
// CommitPins: what is in force, and was, is not lost in Git, whatever is pushed there: refs of ours hold it in the mirror.
// Threads: one.
#pragma once

#include <set>
#include <string>

#include "hub/context.hpp"

namespace holdfast::hub {

class CommitPins {
 public:
  explicit CommitPins(Context& context) : context_(context) {}

  /// Call when the mirror of `url` has changed, or what is in force of it.
  void pin(const std::string& url);
  /// Every mirror, at boot.
  void pin_all();
  /// Whether pin() did not succeed and is to be called again.
  bool is_unpinned(const std::string& url) const { return unpinned_.contains(url); }

 private:
  Context& context_;
  std::set<std::string> unpinned_;  // URLs
};

}  // namespace holdfast::hub
