// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/table.hpp"

#include <algorithm>

#include "hub/cli/shown_text.hpp"

namespace holdfast::cli {

namespace {

constexpr std::size_t kGap = 3;

void widen(std::vector<std::size_t>& widths, const std::vector<std::size_t>& other) {
  widths.resize(std::max(widths.size(), other.size()));
  for (std::size_t i = 0; i < other.size(); ++i) widths[i] = std::max(widths[i], other[i]);
}

}  // namespace

void Table::add(const Row& row) {
  Row cells;
  cells.reserve(headers_.size());
  for (std::size_t i = 0; i < headers_.size(); ++i) {
    cells.push_back(i < row.size() ? safe_cell(row[i]) : std::string());
  }
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::widths() const {
  std::vector<std::size_t> out(headers_.size());
  for (std::size_t i = 0; i < headers_.size(); ++i) out[i] = display_width(headers_[i]);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) out[i] = std::max(out[i], display_width(row[i]));
  }
  return out;
}

std::string Table::line(const Row& row, const std::vector<std::size_t>& widths, const Style& style) const {
  std::string out;
  std::size_t owed = 0;  // spaces before the next cell that is not empty
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (!row[i].empty()) out.append(owed, ' ').append(style.word(row[i]));
    owed = (row[i].empty() ? owed : 0) + widths[i] - display_width(row[i]) + kGap;
  }
  return out + "\n";
}

std::string Table::text(const Style& style, const std::string& indent) const {
  const auto all = widths();
  std::string out = indent + line(headers_, all, Style(false));
  for (const auto& row : rows_) out += indent + line(row, all, style);
  return out;
}

std::string Table::header_text(std::vector<std::size_t>& before) const {
  widen(before, widths());
  return line(headers_, before, Style(false));
}

std::string Table::rows_text(const Style& style, std::vector<std::size_t>& before) const {
  widen(before, widths());
  std::string out;
  for (const auto& row : rows_) out += line(row, before, style);
  return out;
}

}  // namespace holdfast::cli
