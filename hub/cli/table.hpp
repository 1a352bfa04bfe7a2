// SPDX-License-Identifier: Apache-2.0
// Table: rows under headers, in columns that line up, as kubectl prints them.
// Threads: one.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "hub/cli/style.hpp"

namespace holdfast::cli {

class Table {
 public:
  using Row = std::vector<std::string>;
  explicit Table(Row headers) : headers_(std::move(headers)) {}

  /// Cells may be any text: they are made safe for a terminal here. Missing ones are empty.
  void add(const Row& row);
  bool empty() const { return rows_.empty(); }
  std::size_t size() const { return rows_.size(); }

  /// Headers and rows; each line begins with `indent`.
  std::string text(const Style& style, const std::string& indent = {}) const;
  /// The headers alone, for rows that come one by one; sets the widths of their columns.
  std::string header_text(std::vector<std::size_t>& widths) const;
  /// The rows alone, in columns at least as wide as those of what was printed before.
  std::string rows_text(const Style& style, std::vector<std::size_t>& widths) const;

 private:
  std::string line(const Row& row, const std::vector<std::size_t>& widths, const Style& style) const;
  std::vector<std::size_t> widths() const;

  Row headers_;
  std::vector<Row> rows_;
};

}  // namespace holdfast::cli
