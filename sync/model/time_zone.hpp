// SPDX-License-Identifier: Apache-2.0
// TimeZone: how local time differs from UTC, read from the bytes of a file of /usr/share/zoneinfo (TZif, RFC 8536). It reads no file itself: the caller does, by Host.
// Threads: plain values and pure functions.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sync/model/posix_zone.hpp"

namespace holdfast::sync {

class TimeZone {
 public:
  static TimeZone utc() { return {}; }
  static base::Result<TimeZone> parse(std::string_view tzif);

  /// A time in which nothing changes: from `begin` on, before `end`.
  struct Span {
    std::chrono::sys_seconds begin;
    std::chrono::sys_seconds end;
    std::chrono::seconds offset;  ///< local time is UTC plus this
  };
  /// The one that holds `at`. REQUIRES: `at` is between the years 1 and 9999.
  Span span_at(std::chrono::sys_seconds at) const;

 private:
  Span span_by_rule(std::chrono::sys_seconds at) const;

  std::chrono::seconds first_{0};    ///< before the first change
  std::vector<ZoneChange> changes_;  ///< in order
  std::optional<PosixZone> rule_;    ///< after the last change
};

/// "Europe/Berlin", "UTC": syntax alone, because which zones a node has is seen there. "Local" is refused, as in Kubernetes.
base::Result<std::string> parse_zone_name(std::string_view name);
/// Where a node has it; "UTC" needs no file, it is TimeZone::utc(). REQUIRES: parse_zone_name() passed.
std::string zone_file(const std::string& name);
/// Why a CronJob does not run on a node without that file.
base::Error missing_zone(const std::string& name);

}  // namespace holdfast::sync
