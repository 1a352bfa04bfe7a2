// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/shown_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "base/digest.hpp"
#include "base/json.hpp"

namespace holdfast::cli {

namespace {

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

// Unicode's East Asian Width W and F, and emoji, as coarse as columns need.
constexpr std::array kWide{Range{0x1100, 0x115F},   Range{0x2E80, 0x303E},   Range{0x3041, 0xA4CF},
                           Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},   Range{0xFE30, 0xFE4F},
                           Range{0xFF00, 0xFF60},   Range{0xFFE0, 0xFFE6},   Range{0x1F300, 0x1F64F},
                           Range{0x1F680, 0x1F6FF}, Range{0x1F900, 0x1F9FF}, Range{0x20000, 0x3FFFD}};
constexpr std::array kNoWidth{Range{0x0300, 0x036F}, Range{0x0591, 0x05BD}, Range{0x0610, 0x061A},
                              Range{0x064B, 0x065F}, Range{0x1AB0, 0x1AFF}, Range{0x1DC0, 0x1DFF},
                              Range{0x200B, 0x200F}, Range{0x20D0, 0x20FF}, Range{0xFE00, 0xFE0F},
                              Range{0xFE20, 0xFE2F}};
constexpr std::array kCommands{Range{0x00, 0x1F},     Range{0x7F, 0x9F},     Range{0x200E, 0x200F},
                               Range{0x2028, 0x202E}, Range{0x2066, 0x2069}, Range{0xFEFF, 0xFEFF}};

template <std::size_t N>
bool is_within(const std::array<Range, N>& ranges, std::uint32_t character) {
  return std::ranges::any_of(
      ranges, [&](const Range& range) { return range.first <= character && character <= range.last; });
}

struct Character {
  std::optional<std::uint32_t> value;  ///< none: a byte that is no UTF-8
  std::string_view bytes;
};

Character next(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (size > text.size() || !base::is_utf8(text.substr(0, size))) {
    const Character bad{std::nullopt, text.substr(0, 1)};
    text.remove_prefix(1);
    return bad;
  }
  std::uint32_t value = size == 1 ? first : first & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i)
    value = (value << 6U) | (static_cast<unsigned char>(text[i]) & 0x3FU);
  const Character good{value, text.substr(0, size)};
  text.remove_prefix(size);
  return good;
}

std::string hex(std::uint32_t value, int digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out += kDigits[(value >> shift) & 0xFU];
  return out;
}

std::string escaped(const Character& character) {
  if (!character.value) return "\\x" + base::to_hex(character.bytes);
  return *character.value < 0x100 ? "\\x" + hex(*character.value, 2) : "\\u" + hex(*character.value, 4);
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const auto character = next(text);
    if (!character.value || !is_within(kNoWidth, *character.value)) ++width;
    if (character.value && is_within(kWide, *character.value)) ++width;
  }
  return width;
}

std::string safe_lines(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto character = next(text);
    const bool is_kept = character.bytes == "\n" || character.bytes == "\t";
    if (!character.value || (is_within(kCommands, *character.value) && !is_kept)) {
      out += escaped(character);
    } else {
      out += character.bytes;
    }
  }
  return out;
}

std::string safe_cell(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  auto out = safe_lines(text);
  std::ranges::replace(out, '\n', ' ');
  std::ranges::replace(out, '\t', ' ');
  return out;
}

std::string indented(std::string_view text, std::string_view indent) {
  std::string out;
  for (const char c : text) {
    out += c;
    if (c == '\n') out += indent;
  }
  return out;
}

}  // namespace holdfast::cli
