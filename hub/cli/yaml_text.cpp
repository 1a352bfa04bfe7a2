// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/yaml_text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

#include "gitops/yaml_scalar.hpp"
#include "hub/cli/shown_text.hpp"

namespace holdfast::cli {

using base::Json;

namespace {

constexpr std::size_t kStep = 2;

/// Words that YAML 1.1 takes for truth values; read_plain_scalar knows YAML 1.2's.
constexpr std::array<std::string_view, 6> kOldWords{"y", "n", "yes", "no", "on", "off"};

bool is_old_word(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::find(kOldWords, text) != kOldWords.end();
}

bool is_plain(const std::string& text) {
  // Numbers and times of YAML 1.1 (1_000, 12:30:45) begin with a digit, a sign or a dot.
  constexpr std::string_view kNeverFirst = "-?:,[]{}#&*!|>'\"%@`=<~ +.0123456789";
  if (text.empty() || text.ends_with(' ') || text.ends_with(':')) return false;
  if (kNeverFirst.find(text.front()) != std::string_view::npos) return false;
  if (text.find(": ") != std::string::npos || text.find(" #") != std::string::npos) return false;
  if (safe_cell(text) != text || is_old_word(text)) return false;
  const auto scalar = gitops::read_plain_scalar(text);
  return scalar && scalar->kind == gitops::ScalarKind::kString;
}

std::string quoted(const std::string& text) {
  const bool is_safe = safe_lines(text) == text;
  return Json(text).dump(-1, ' ', !is_safe, Json::error_handler_t::replace);
}

std::string scalar_text(const Json& value) {
  if (!value.is_string()) return value.dump();
  const auto text = value.get<std::string>();
  return is_plain(text) ? text : quoted(text);
}

/// Whether it is text of several lines that a block shows byte for byte.
bool is_block(const Json& value) {
  if (!value.is_string()) return false;
  const auto text = value.get<std::string>();
  if (text.find('\n') == std::string::npos || text.starts_with('\n') || text.starts_with(' ')) return false;
  if (text.ends_with("\n\n") || text.find(" \n") != std::string::npos || text.ends_with(' ')) return false;
  return safe_lines(text) == text && text.find('\t') == std::string::npos;
}

void write_block(std::string text, std::size_t depth, std::string& out) {
  const bool ends_line = text.ends_with('\n');
  out += ends_line ? " |\n" : " |-\n";
  if (ends_line) text.pop_back();
  const std::string indent(std::max<std::size_t>(depth, kStep), ' ');
  std::size_t at = 0;
  while (at <= text.size()) {
    const auto end = std::min(text.find('\n', at), text.size());
    if (end > at) out += indent + text.substr(at, end - at);
    out += "\n";
    at = end + 1;
  }
}

void write_members(const Json& object, std::size_t depth, bool is_begun, std::string& out);
void write_elements(const Json& list, std::size_t depth, std::string& out);

/// What stands behind "key:" or "-".
void write_value(const Json& value, std::size_t depth, std::string& out) {
  if (value.is_object() && !value.empty()) {
    out += "\n";
    write_members(value, depth + kStep, false, out);
  } else if (value.is_array() && !value.empty()) {
    out += "\n";
    write_elements(value, depth, out);
  } else if (is_block(value)) {
    write_block(value.get<std::string>(), depth + kStep, out);
  } else {
    out += " " + scalar_text(value) + "\n";
  }
}

/// `is_begun`: the first member continues the line of its "- ".
void write_members(const Json& object, std::size_t depth, bool is_begun, std::string& out) {
  for (const auto& [name, member] : object.items()) {
    if (!is_begun) out.append(depth, ' ');
    is_begun = false;
    out += scalar_text(Json(name)) + ":";
    write_value(member, depth, out);
  }
}

void write_elements(const Json& list, std::size_t depth, std::string& out) {
  for (const auto& element : list) {
    out.append(depth, ' ');
    out += "-";
    if (element.is_object() && !element.empty()) {
      out += " ";
      write_members(element, depth + kStep, true, out);
    } else if (element.is_array() && !element.empty()) {
      out += "\n";
      write_elements(element, depth + kStep, out);
    } else {
      write_value(element, depth, out);
    }
  }
}

}  // namespace

std::string yaml_text(const Json& value) {
  std::string out;
  if (value.is_object() && !value.empty()) {
    write_members(value, 0, false, out);
  } else if (value.is_array() && !value.empty()) {
    write_elements(value, 0, out);
  } else {
    out = scalar_text(value) + "\n";
  }
  return out;
}

}  // namespace holdfast::cli
