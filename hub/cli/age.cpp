// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/age.hpp"

#include <cstdint>

#include "base/time_text.hpp"

namespace holdfast::cli {

namespace {

std::string two(std::int64_t big, const char* big_unit, std::int64_t small, const char* small_unit) {
  const auto first = std::to_string(big) + big_unit;
  return small == 0 ? first : first + std::to_string(small) + small_unit;
}

}  // namespace

std::string human_duration(std::chrono::milliseconds duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  const auto minutes = seconds / 60;
  const auto hours = minutes / 60;
  const auto days = hours / 24;
  constexpr std::int64_t kYear = 365;
  if (seconds < 120) return std::to_string(seconds) + "s";
  if (minutes < 10) return two(minutes, "m", seconds % 60, "s");
  if (hours < 3) return std::to_string(minutes) + "m";
  if (hours < 8) return two(hours, "h", minutes % 60, "m");
  if (hours < 48) return std::to_string(hours) + "h";
  if (days < 8) return two(days, "d", hours % 24, "h");
  if (days < kYear * 2) return std::to_string(days) + "d";
  if (days < kYear * 8) return two(days / kYear, "y", days % kYear, "d");
  return std::to_string(days / kYear) + "y";
}

std::string age(std::string_view since, base::WallTime now) {
  const auto time = base::parse_rfc3339(since);
  return time ? human_duration(now - *time) : "<unknown>";
}

}  // namespace holdfast::cli
