// SPDX-License-Identifier: Apache-2.0
// Fuzzes schedules and time zones together. The input is a schedule, a line end, a time in hours since 1970, a line end, and a zone: the bytes of its file, or
// otherwise its rule. Starts go forward, and looking back finds what looking forward found.
#include <string>

#include "sync/model/cron_schedule.hpp"
#include "sync/model/fuzz_input.hpp"
#include "sync/model/tzif_text.hpp"

namespace holdfast::sync {
namespace {

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

std::int64_t hours_in(std::string_view digits) {
  std::int64_t hours = 0;
  for (const char c : digits.substr(0, 9)) {
    if (c >= '0' && c <= '9') hours = hours * 10 + (c - '0');
  }
  return hours;
}

base::Result<TimeZone> zone_in(std::string_view bytes) {
  if (bytes.starts_with("TZif")) return TimeZone::parse(bytes);
  return TimeZone::parse(tzif(std::chrono::seconds(0), {}, bytes));
}

}  // namespace
}  // namespace holdfast::sync

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast::sync;
  auto input = fuzz_input(data, size);
  const auto schedule = CronSchedule::parse(take_line(input));
  const holdfast::base::WallTime begin{std::chrono::hours(hours_in(take_line(input)))};
  const auto zone = zone_in(input);
  if (!schedule || !zone) return 0;
  auto now = begin;
  for (int i = 0; i < 3; ++i) {
    const auto next = schedule->next(now, *zone);
    if (!next) return 0;
    must_hold(*next > now);
    must_hold(next->time_since_epoch() % std::chrono::seconds(1) == std::chrono::seconds(0));
    must_hold(schedule->last(now, *next, *zone) == next);
    must_hold(!schedule->last(now, *next - std::chrono::milliseconds(1), *zone));
    now = *next;
  }
  return 0;
}
