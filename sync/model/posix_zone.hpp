// SPDX-License-Identifier: Apache-2.0
// PosixZone: the rule at the end of a time zone's file by which it goes on for ever, such as "CET-1CEST,M3.5.0,M10.5.0/3": what holds in winter and in summer, and
// when each begins. POSIX.1-2017, 8.3, with the hours beyond a day of RFC 8536, 3.3.1.
// Threads: plain values and pure functions.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace holdfast::sync {

/// From `at` on local time is UTC plus `offset`.
struct ZoneChange {
  std::chrono::sys_seconds at;
  std::chrono::seconds offset;
  bool operator==(const ZoneChange&) const = default;
};

class PosixZone {
 public:
  static base::Result<PosixZone> parse(std::string_view text);
  /// What holds outside of summer time, or always where there is none.
  std::chrono::seconds standard_offset() const { return standard_; }
  bool has_summer() const { return summer_.has_value(); }
  /// The changes of a year, in order; none where there is no summer time.
  std::vector<ZoneChange> changes_in(std::chrono::year year) const;

 private:
  /// A day of the year, and how long after its midnight.
  struct Day {
    enum class Form { kMonthWeekDay, kJulian, kZeroBased };
    Form form = Form::kMonthWeekDay;
    int month = 1;
    int week = 1;  ///< 5: the last
    int day = 0;   ///< of the week from Sunday; of the year from 1 without leap days; of the year from 0
    std::chrono::seconds after{0};
    std::chrono::local_seconds in(std::chrono::year year) const;
  };
  struct Summer {
    std::chrono::seconds offset{0};
    Day begin;
    Day end;
  };
  friend class PosixZoneReader;

  std::chrono::seconds standard_{0};
  std::optional<Summer> summer_;
};

}  // namespace holdfast::sync
