// SPDX-License-Identifier: Apache-2.0
// Text on its way to a terminal: how wide it is, and nothing in it that commands the terminal. Messages and
// logs come from nodes and from Git: an escape sequence in one must not repaint a person's screen.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace holdfast::cli {

/// Columns on a terminal: two for East Asian wide characters and emoji, none for combining marks.
std::size_t display_width(std::string_view text);

/// Control characters, also those that turn the direction of writing, as "\x1b" or "\u202e"; line ends and
/// tabs are kept, bytes that are no UTF-8 become "\xff".
std::string safe_lines(std::string_view text);
/// As safe_lines, on one line: line ends and tabs become spaces.
std::string safe_cell(std::string_view text);
/// Each line after the first begins with `indent`.
std::string indented(std::string_view text, std::string_view indent);

}  // namespace holdfast::cli
