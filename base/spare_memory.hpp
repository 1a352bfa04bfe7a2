// SPDX-License-Identifier: Apache-2.0
// SpareMemory: gives back what a burst of work took and idling does not need: the heap's free pages, and the program's own code,
// which is read from its file again where it is still used. On a node of 1 GB every agent's megabyte is its workload's.
// Threads: one.
#pragma once

#include <cstddef>
#include <optional>

#include "base/clock.hpp"

namespace holdfast::base {

class SpareMemory {
 public:
  explicit SpareMemory(const Clock& clock) : clock_(clock) {}
  /// To be called now and then while nothing is to be done; costs next to nothing where there is nothing to give.
  void give_back();
  /// To be called when work is done, as often as that is: what code it ran through is mapped no longer. It stays in the system's cache,
  /// which lets go of such pages first, so that running it again reads no disk as long as there is room.
  void unmap_code();

 private:
  /// False: not more was free than what could not be given back the last time.
  bool trim_heap();
  void page_out_code();

  const Clock& clock_;
  std::size_t left_ = 0;
  std::optional<MonotonicTime> paged_out_;
  std::optional<MonotonicTime> looked_;  ///< at how much code is mapped
};

}  // namespace holdfast::base
