// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/machine_conditions.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/limits/node.hpp"

namespace holdfast::edge_agent {

namespace limits = base::limits;

namespace {

enum class Sign { kNone, kBad, kBetween, kWell };

struct Seen {
  Sign sign = Sign::kNone;
  std::string reason;  ///< of what the condition would change to; between: of being well
  std::string message;
};

std::uint64_t percent_of(std::uint64_t available, std::uint64_t total) { return available * 100 / total; }

std::string amount(std::uint64_t available, std::uint64_t total) {
  constexpr unsigned kMebi = 20;
  return std::to_string(percent_of(available, total)) + " % (" + std::to_string(available >> kMebi) + " of " +
         std::to_string(total >> kMebi) + " MiB)";
}

/// One decimal: "99.5 °C".
std::string degrees(std::int64_t millicelsius) {
  const auto tenths = millicelsius / 100;
  const auto rest = tenths < 0 ? -tenths % 10 : tenths % 10;
  return (tenths < 0 && tenths > -10 ? "-" : "") + std::to_string(tenths / 10) + "." + std::to_string(rest) +
         " °C";
}

Sign sign_of(std::uint64_t percent, std::uint64_t min, std::uint64_t again) {
  return percent < min ? Sign::kBad : percent > again ? Sign::kWell : Sign::kBetween;
}

Seen see_clock(const Readings& readings) {
  if (!readings.clock_synced) return {};
  if (*readings.clock_synced) return {.sign = Sign::kWell, .reason = "ClockSynced", .message = ""};
  return {.sign = Sign::kBad,
          .reason = "NotSynced",
          .message = "nothing keeps this machine's clock right: its times may be wrong"};
}

Seen see_disk(const Readings& readings) {
  if (!readings.disk || readings.disk->total == 0) return {};
  const auto [total, available] = *readings.disk;
  const auto sign =
      sign_of(percent_of(available, total), limits::kDiskFreePercentMin, limits::kDiskFreePercentAgain);
  if (sign != Sign::kBad) return {.sign = sign, .reason = "DiskSufficient", .message = ""};
  return {.sign = sign,
          .reason = "DiskLow",
          .message = "of the data folder's file system " + amount(available, total) + " was free"};
}

Seen see_memory(const Readings& readings) {
  if (!readings.memory || readings.memory->total == 0) return {};
  const auto [total, available] = *readings.memory;
  const auto sign =
      sign_of(percent_of(available, total), limits::kMemoryFreePercentMin, limits::kMemoryFreePercentAgain);
  if (sign != Sign::kBad) return {.sign = sign, .reason = "MemorySufficient", .message = ""};
  return {.sign = sign,
          .reason = "MemoryLow",
          .message = "of the memory " + amount(available, total) + " was available"};
}

/// The one that is nearest to its limit, of those that have one.
const Temperature* hottest(const Readings& readings) {
  const Temperature* out = nullptr;
  for (const auto& temperature : readings.temperatures) {
    if (!temperature.limit) continue;
    if (out == nullptr || *temperature.limit - temperature.millicelsius < *out->limit - out->millicelsius)
      out = &temperature;
  }
  return out;
}

Seen see_heat(const Readings& readings) {
  const auto* hot = hottest(readings);
  const auto throttled = readings.throttled.find(ThrottleCause::kTemperature);
  if (hot == nullptr && throttled == readings.throttled.end()) return {};
  const auto margin =
      hot == nullptr ? limits::kHeatMarginAgainMillicelsius + 1 : *hot->limit - hot->millicelsius;
  if (margin <= limits::kHeatMarginMillicelsius) {
    return {.sign = Sign::kBad,
            .reason = "TooHot",
            .message = hot->sensor + " was at " + degrees(hot->millicelsius) + "; its limit is " +
                       degrees(*hot->limit)};
  }
  if (throttled != readings.throttled.end() && throttled->second) {
    return {.sign = Sign::kBad,
            .reason = "Throttled",
            .message = "the machine slowed itself down because it is hot"};
  }
  const auto sign = margin > limits::kHeatMarginAgainMillicelsius ? Sign::kWell : Sign::kBetween;
  return {.sign = sign, .reason = "TemperatureNormal", .message = ""};
}

enum class AtStart { kDecides, kWaits };

struct Rule {
  std::string_view type;
  Seen (*see)(const Readings&);
  std::chrono::milliseconds hold;
  std::chrono::milliseconds end_hold;
  AtStart at_start = AtStart::kDecides;
};

constexpr std::array<Rule, 4> kRules{{
    {.type = "ClockUnsynced",
     .see = see_clock,
     .hold = limits::kClockUnsyncedHold,
     .end_hold = limits::kClockUnsyncedEndHold,
     .at_start = AtStart::kWaits},
    {.type = "DiskPressure",
     .see = see_disk,
     .hold = limits::kDiskPressureHold,
     .end_hold = limits::kDiskPressureEndHold},
    {.type = "MemoryPressure",
     .see = see_memory,
     .hold = limits::kMemoryPressureHold,
     .end_hold = limits::kMemoryPressureEndHold},
    {.type = "Overheating",
     .see = see_heat,
     .hold = limits::kOverheatingHold,
     .end_hold = limits::kOverheatingEndHold},
}};

}  // namespace

void MachineConditions::see(const Readings& readings, base::MonotonicTime now) {
  static_assert(kRules.size() == kCount);
  for (std::size_t i = 0; i < kCount; ++i) {
    const auto& rule = kRules.at(i);
    auto& entry = entries_.at(i);
    auto seen = rule.see(readings);
    const bool is_first = !entry.is_true;
    const bool is_true = entry.is_true.value_or(false);
    const bool is_other = is_true ? seen.sign == Sign::kWell : seen.sign == Sign::kBad;
    const bool becomes_known = is_first && seen.sign != Sign::kNone && !is_other;
    if (!is_other) entry.other_since.reset();
    if (is_other && !entry.other_since) entry.other_since = now;
    const bool is_at_once = is_first && rule.at_start == AtStart::kDecides;
    const bool changes =
        is_other && (is_at_once || now - *entry.other_since >= (is_true ? rule.end_hold : rule.hold));
    if (!changes && !becomes_known) continue;
    entry = {.is_true = changes && !is_true,
             .other_since = std::nullopt,
             .reason = std::move(seen.reason),
             .message = std::move(seen.message)};
  }
}

std::vector<sync::Condition> MachineConditions::conditions() const {
  std::vector<sync::Condition> out;
  for (std::size_t i = 0; i < kCount; ++i) {
    const auto& entry = entries_.at(i);
    if (!entry.is_true) continue;
    out.push_back({.type = std::string(kRules.at(i).type),
                   .status = *entry.is_true ? "True" : "False",
                   .reason = entry.reason,
                   .message = entry.message});
  }
  return out;
}

}  // namespace holdfast::edge_agent
