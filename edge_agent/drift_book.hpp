// SPDX-License-Identifier: Apache-2.0
// DriftBook: when drift of a claim may be repaired. The first time at once, then 2 s × 3ⁿ up to 300 s, so
// that two who fight over a file do not wear out the flash; over after ten quiet minutes or a new section
// digest.
// Threads: one. Times are given, never read.
#pragma once

#include <cstddef>
#include <map>

#include "base/backoff.hpp"
#include "base/clock.hpp"
#include "sync/model/claim.hpp"

namespace holdfast::edge_agent {

class DriftBook {
 public:
  /// The claim was found to differ at `now`; returns when it may be repaired. Asking again while that time
  /// has not come does not count as another drift.
  base::MonotonicTime found(const sync::Claim& claim, base::MonotonicTime now);
  /// It was repaired (or the repair was tried): the next found() is another drift.
  void repaired(const sync::Claim& claim);
  /// It is right, though nobody repaired it.
  void settled(const sync::Claim& claim);
  void reset(const sync::Claim& claim) { book_.erase(claim); }
  void reset_all() { book_.clear(); }
  std::size_t waiting(base::MonotonicTime now) const;

 private:
  struct Entry {
    base::Backoff backoff{base::drift_backoff()};
    bool is_open = false;
  };
  std::map<sync::Claim, Entry> book_;
};

}  // namespace holdfast::edge_agent
