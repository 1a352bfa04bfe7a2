// SPDX-License-Identifier: Apache-2.0
// TimerQueue: the ordered deadlines of an event loop. It never reads a clock: times come from the caller.
// Threads: one.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>

namespace holdfast::base {

class TimerQueue {
 public:
  using Id = std::uint64_t;
  using Time = std::chrono::nanoseconds;  ///< since whatever the caller counts from

  Id add(std::function<void()> on_due);
  /// Safe inside any callback, the timer's own too.
  void remove(Id id);
  /// Due once at `at`; replaces an earlier deadline.
  void set(Id id, Time at);
  void cancel(Id id);

  std::optional<Time> next() const;
  /// Runs what was due at `now` when called, earliest first; what the callbacks set anew waits for the next
  /// call, so that a timer of zero cannot starve the rest. Returns how many ran.
  std::size_t run_due(Time now);

 private:
  struct Entry {
    std::function<void()> on_due;  // empty while it runs
    std::optional<Time> at;
  };
  struct Deadline {
    Time at{};
    Id id = 0;
    auto operator<=>(const Deadline&) const = default;
  };
  void run(Id id);

  std::map<Id, Entry> entries_;
  std::set<Deadline> deadlines_;
  Id last_ = 0;
};

}  // namespace holdfast::base
