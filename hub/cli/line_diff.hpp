// SPDX-License-Identifier: Apache-2.0
// LineDiff: what changes between two texts, line by line, as `diff -u` shows it.
// Threads: pure function.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::cli {

struct DiffLine {
  char mark = ' ';  ///< ' ', '-', '+'; '@' stands for lines that are the same and left out
  std::string text;
  bool operator==(const DiffLine&) const = default;
};

/// Three lines that are the same stand around each change. Texts beyond limits::kDiffCellsMax are shown as
/// replaced whole.
std::vector<DiffLine> line_diff(std::string_view before, std::string_view after);

}  // namespace holdfast::cli
