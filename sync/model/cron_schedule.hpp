// SPDX-License-Identifier: Apache-2.0
// CronSchedule: the five fields of a CronJob's schedule, read as Kubernetes reads them, and the starts they give.
//
// A start is a minute whose local time fits all fields. So one in the hour that a clock skips in spring is not, and one in the hour that it repeats in autumn is twice.
// Day of month and day of week: one of them is enough where neither is "*"; else both must fit. A list with "*" in it, "?" and "*/1" count as "*", "*/2" does not.
// https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax
// Threads: plain values and pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "sync/model/time_zone.hpp"

namespace holdfast::sync {

class CronSchedule {
 public:
  /// "*/5 8-17 * * MON-FRI", "@daily". A schedule that never comes, such as one for the 30th of February, is an error.
  static base::Result<CronSchedule> parse(std::string_view text);

  /// The first start after `after`; nullopt where there is none within kCronSearchYearsMax.
  std::optional<base::WallTime> next(base::WallTime after, const TimeZone& zone) const;
  /// The last start at or before `until` that is after `after`.
  std::optional<base::WallTime> last(base::WallTime after, base::WallTime until, const TimeZone& zone) const;

  bool operator==(const CronSchedule&) const = default;

 private:
  friend class CronReader;
  bool is_month(std::chrono::month month) const;
  bool is_day(std::chrono::local_days day) const;
  bool is_minute(int minute_of_day) const;
  bool ever_comes() const;
  std::optional<std::chrono::local_seconds> first_in(std::chrono::local_seconds from,
                                                     std::chrono::local_seconds end) const;
  std::optional<std::chrono::local_seconds> last_in(std::chrono::local_seconds from,
                                                    std::chrono::local_seconds end) const;

  std::uint64_t minutes_ = 0;  ///< bit n: minute n
  std::uint64_t hours_ = 0;
  std::uint64_t days_ = 0;      ///< of the month, from bit 1
  std::uint64_t months_ = 0;    ///< from bit 1
  std::uint64_t weekdays_ = 0;  ///< from Sunday, bit 0
  bool any_day_ = false;        ///< written "*"
  bool any_weekday_ = false;
};

}  // namespace holdfast::sync
