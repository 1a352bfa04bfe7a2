// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/style.hpp"

#include <algorithm>
#include <array>

namespace holdfast::cli {

namespace {

constexpr std::array<std::string_view, 7> kGood{"Healthy",   "Synced", "True",  "Running",
                                                "Succeeded", "Ready",  "Normal"};
constexpr std::array<std::string_view, 11> kBad{"Degraded",    "Missing",       "Failed",  "False",
                                                "Quarantined", "RollingBack",   "expired", "NotAccepted",
                                                "Held",        "Unschedulable", "Failing"};
constexpr std::array<std::string_view, 10> kUnsure{"OutOfSync", "Progressing", "Unknown",   "Pending",
                                                   "Applying",  "Retrying",    "Suspended", "Removing",
                                                   "Warning",   "Orphaned"};

constexpr std::string_view kGreen = "32";
constexpr std::string_view kRed = "31";
constexpr std::string_view kYellow = "33";
constexpr std::string_view kBold = "1";

template <std::size_t N>
bool one_of(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::ranges::find(words, text) != words.end();
}

}  // namespace

std::string Style::painted(std::string_view text, std::string_view code) const {
  if (!has_colour_) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

std::string Style::word(std::string_view text) const {
  if (one_of(text, kGood)) return painted(text, kGreen);
  if (one_of(text, kBad)) return painted(text, kRed);
  if (one_of(text, kUnsure)) return painted(text, kYellow);
  return std::string(text);
}

std::string Style::heading(std::string_view text) const { return painted(text, kBold); }
std::string Style::removed(std::string_view line) const { return painted(line, kRed); }
std::string Style::added(std::string_view line) const { return painted(line, kGreen); }

}  // namespace holdfast::cli
