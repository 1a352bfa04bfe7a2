// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/jetpack.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace holdfast::edge_agent {

namespace {

/// What of `text` consists of digits and dots, from `begin` on.
std::string_view version_at(std::string_view text, std::size_t begin) {
  if (begin >= text.size()) return {};
  return text.substr(begin, text.find_first_not_of("0123456789.", begin) - begin);
}

}  // namespace

std::string l4t_release(std::string_view nv_tegra_release) {
  const auto line = nv_tegra_release.substr(0, nv_tegra_release.find('\n'));
  constexpr std::string_view kMajor = "# R";
  constexpr std::string_view kMinor = "REVISION: ";
  const auto minor_at = line.find(kMinor);
  if (!line.starts_with(kMajor) || minor_at == std::string_view::npos) return {};
  const auto major = version_at(line, kMajor.size());
  const auto minor = version_at(line, minor_at + kMinor.size());
  if (major.empty() || minor.empty()) return {};
  return std::string(major) + "." + std::string(minor);
}

std::string_view jetpack_of(std::string_view l4t) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 33> kReleases{{
      {"38.4.0", "7.1"},   {"38.2.1", "7.0"},   {"38.2.0", "7.0"},   {"36.4.4", "6.2.1"}, {"36.4.3", "6.2"},
      {"36.4.0", "6.1"},   {"36.4", "6.1"},     {"36.3.0", "6.0"},   {"36.3", "6.0"},     {"35.6.1", "5.1.5"},
      {"35.6.0", "5.1.4"}, {"35.5.0", "5.1.3"}, {"35.4.1", "5.1.2"}, {"35.3.1", "5.1.1"}, {"35.2.1", "5.1"},
      {"35.1.0", "5.0.2"}, {"35.1", "5.0.2"},   {"32.7.6", "4.6.6"}, {"32.7.5", "4.6.5"}, {"32.7.4", "4.6.4"},
      {"32.7.3", "4.6.3"}, {"32.7.2", "4.6.2"}, {"32.7.1", "4.6.1"}, {"32.6.1", "4.6"},   {"32.5.2", "4.5.1"},
      {"32.5.1", "4.5.1"}, {"32.5.0", "4.5"},   {"32.5", "4.5"},     {"32.4.4", "4.4.1"}, {"32.4.3", "4.4"},
      {"32.3.1", "4.3"},   {"32.2.3", "4.2.3"}, {"32.2.1", "4.2.2"},
  }};
  const auto found = std::ranges::find(kReleases, l4t, &std::pair<std::string_view, std::string_view>::first);
  return found == kReleases.end() ? std::string_view{} : found->second;
}

}  // namespace holdfast::edge_agent
