// SPDX-License-Identifier: Apache-2.0
// Text that comes from outside (messages of programs, facts of a host) made fit to travel: UTF-8, and no
// longer than a limit.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::sync {

/// Every byte that belongs to no UTF-8 character becomes U+FFFD.
std::string clean_text(std::string_view text);
/// clean_text(), cut between two characters to at most `bytes_max` bytes; a cut text ends in "…".
/// REQUIRES: bytes_max >= 3.
std::string bounded_text(std::string_view text, std::size_t bytes_max);
/// bounded_text() at limits::kMessageLengthMax.
std::string bounded_message(std::string_view text);
/// For error messages: bounded to 80 bytes, control characters as "?", in double quotes.
std::string in_quotes(std::string_view text);

/// "a/b" at '/' → {"a", "b"}; always at least one part. The views point into `text`.
std::vector<std::string_view> split(std::string_view text, char separator);
/// Without the mark that some editors put before UTF-8.
std::string_view without_byte_order_mark(std::string_view text);
/// Without spaces, tabs and line ends at both ends.
std::string_view trimmed(std::string_view text);

}  // namespace holdfast::sync
