// SPDX-License-Identifier: Apache-2.0
#include "sync/model/text.hpp"

#include <algorithm>
#include <cassert>

#include "base/json.hpp"
#include "base/limits/model.hpp"

namespace holdfast::sync {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";     // U+2026

/// Bytes of the character that starts here; 0 where none does.
std::size_t character_length(std::string_view text) {
  for (std::size_t length = 1; length <= 4 && length <= text.size(); ++length) {
    if (base::is_utf8(text.substr(0, length))) return length;
  }
  return 0;
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

}  // namespace

std::string clean_text(std::string_view text) {
  if (base::is_utf8(text)) return std::string(text);
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    out.append(length == 0 ? kReplacement : text.substr(0, length));
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string bounded_text(std::string_view text, std::size_t bytes_max) {
  assert(bytes_max >= kEllipsis.size());
  // A cut in the middle of a character of the raw text is mended below; this bounds the work.
  const bool longer = text.size() > bytes_max;
  std::string out = clean_text(text.substr(0, bytes_max));
  if (!longer && out.size() <= bytes_max) return out;
  std::size_t end = std::min(bytes_max - kEllipsis.size(), out.size());
  while (end > 0 && is_continuation(out[end])) --end;
  out.resize(end);
  return out.append(kEllipsis);
}

std::string bounded_message(std::string_view text) {
  return bounded_text(text, base::limits::kMessageLengthMax);
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kShownMax = 80;
  std::string out = bounded_text(text, kShownMax);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return '"' + out + '"';
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  return text.starts_with(kMark) ? text.substr(kMark.size()) : text;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace holdfast::sync
