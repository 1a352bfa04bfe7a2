// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/line_diff.hpp"

#include <algorithm>
#include <cstdint>

#include "base/limits/client.hpp"

namespace holdfast::cli {

namespace {

constexpr std::size_t kContext = 3;

using Lines = std::vector<std::string_view>;

Lines split(std::string_view text) {
  Lines out;
  while (!text.empty()) {
    const auto end = text.find('\n');
    out.push_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return out;
}

void add(std::vector<DiffLine>& out, char mark, std::string_view text) {
  out.push_back({mark, std::string(text)});
}

std::vector<DiffLine> replaced(const Lines& before, const Lines& after) {
  std::vector<DiffLine> out;
  for (const auto& line : before) add(out, '-', line);
  for (const auto& line : after) add(out, '+', line);
  return out;
}

/// By the longest common subsequence; `lengths` holds it for every pair of ends of the two texts.
std::vector<DiffLine> compared(const Lines& before, const Lines& after) {
  const auto width = after.size() + 1;
  std::vector<std::uint32_t> lengths((before.size() + 1) * width);
  const auto length = [&](std::size_t i, std::size_t j) -> std::uint32_t& { return lengths[i * width + j]; };
  for (std::size_t i = before.size(); i-- > 0;) {
    for (std::size_t j = after.size(); j-- > 0;) {
      length(i, j) =
          before[i] == after[j] ? length(i + 1, j + 1) + 1 : std::max(length(i + 1, j), length(i, j + 1));
    }
  }
  std::vector<DiffLine> out;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < before.size() || j < after.size()) {
    if (i < before.size() && j < after.size() && before[i] == after[j]) {
      add(out, ' ', before[i++]);
      ++j;
    } else if (j == after.size() || (i < before.size() && length(i + 1, j) >= length(i, j + 1))) {
      add(out, '-', before[i++]);
    } else {
      add(out, '+', after[j++]);
    }
  }
  return out;
}

/// Leaves out what is the same and far from any change.
std::vector<DiffLine> shortened(const std::vector<DiffLine>& all) {
  std::vector<bool> is_near(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].mark == ' ') continue;
    const auto first = i > kContext ? i - kContext : 0;
    const auto last = std::min(all.size(), i + kContext + 1);
    for (auto k = first; k < last; ++k) is_near[k] = true;
  }
  std::vector<DiffLine> out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (is_near[i]) {
      out.push_back(all[i]);
    } else if (out.empty() || out.back().mark != '@') {
      out.push_back({'@', ""});
    }
  }
  return out;
}

}  // namespace

std::vector<DiffLine> line_diff(std::string_view before, std::string_view after) {
  if (before == after) return {};
  const auto old_lines = split(before);
  const auto new_lines = split(after);
  if ((old_lines.size() + 1) * (new_lines.size() + 1) > base::limits::kDiffCellsMax)
    return replaced(old_lines, new_lines);
  return shortened(compared(old_lines, new_lines));
}

}  // namespace holdfast::cli
