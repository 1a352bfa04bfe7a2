// SPDX-License-Identifier: Apache-2.0
#include "gitops/field_lines.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

using base::Json;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/// Members and elements beneath `value`. REQUIRES: depth within limits::kJsonDepthMax.
std::size_t fields_beneath(const Json& value) {
  std::size_t count = 0;
  if (!value.is_structured()) return count;
  for (const auto& child : value) count += 1 + fields_beneath(child);
  return count;
}

/// Where a field's line stands in FieldLines, and the field itself.
struct Place {
  const Json* value = nullptr;
  std::size_t at = 0;
};

/// `beneath`: index of the line of value's first child.
std::optional<Place> child_of(const Json& value, std::size_t beneath, const FieldPath::Part& part) {
  if (part.is_index != value.is_array() || !value.is_structured()) return std::nullopt;
  std::size_t at = beneath;
  std::size_t index = 0;
  for (auto child = value.begin(); child != value.end(); ++child, ++index) {
    if (part.is_index ? index == part.index : child.key() == part.name) return Place{&*child, at};
    at += 1 + fields_beneath(*child);
  }
  return std::nullopt;
}

// ---- lines of a document that was changed ----

/// Of two objects with names, which one stood here before: an element that another was put in front of is not it.
bool has_other_name(const Json& a, const Json& b) {
  return a.is_object() && b.is_object() && a.contains("name") && b.contains("name") &&
         a.at("name") != b.at("name");
}

/// REQUIRES: depth within limits::kJsonDepthMax. `before` is null where nothing stood here.
void carry(const Json* before, std::size_t beneath, const FieldLines& lines, std::uint32_t line,
           const Json& after, FieldLines& out) {
  if (!after.is_structured()) return;
  std::size_t index = 0;
  for (auto child = after.begin(); child != after.end(); ++child, ++index) {
    std::optional<Place> place;
    if (before != nullptr) {
      const bool is_index = after.is_array();
      place = child_of(*before, beneath,
                       {is_index ? std::string() : child.key(), is_index ? index : 0, is_index});
    }
    if (place && (place->at >= lines.size() || has_other_name(*place->value, *child))) place.reset();
    const std::uint32_t own = place ? lines[place->at] : line;
    out.push_back(own);
    carry(place ? place->value : nullptr, place ? place->at + 1 : 0, lines, own, *child, out);
  }
}

// ---- reading a path ----

/// Takes one part off the front of `text`; nullopt where none begins.
std::optional<FieldPath::Part> take_name(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_plain);
  const auto size = static_cast<std::size_t>(end - text.begin());
  if (size == 0) return std::nullopt;
  FieldPath::Part part{std::string(text.substr(0, size)), 0, false};
  text.remove_prefix(size);
  return part;
}

std::optional<FieldPath::Part> take_quoted(std::string_view& text) {
  const auto end = text.find("\"]");
  if (!text.starts_with("[\"") || end == std::string_view::npos) return std::nullopt;
  FieldPath::Part part{std::string(text.substr(2, end - 2)), 0, false};
  text.remove_prefix(end + 2);
  return part;
}

std::optional<FieldPath::Part> take_index(std::string_view& text) {
  if (!text.starts_with('[')) return std::nullopt;
  std::size_t index = 0;
  const auto [stop, problem] = std::from_chars(text.data() + 1, text.data() + text.size(), index);
  const auto end = static_cast<std::size_t>(stop - text.data());
  if (problem != std::errc{} || end >= text.size() || text[end] != ']') return std::nullopt;
  text.remove_prefix(end + 1);
  return FieldPath::Part{"", index, true};
}

std::optional<FieldPath::Part> take_part(std::string_view& text, bool first) {
  if (auto part = take_quoted(text)) return part;
  if (auto part = take_index(text)) return part;
  if (first) return take_name(text);
  if (!text.starts_with('.')) return std::nullopt;
  std::string_view rest = text.substr(1);
  auto part = take_name(rest);
  if (part) text = rest;
  return part;
}

}  // namespace

std::string FieldPath::text() const {
  std::string out;
  for (const auto& part : parts) {
    const bool plain = !part.name.empty() && std::all_of(part.name.begin(), part.name.end(), is_plain);
    if (part.is_index) {
      out += "[" + std::to_string(part.index) + "]";
    } else if (plain) {
      out.append(out.empty() ? "" : ".").append(part.name);
    } else {
      out += "[" + sync::in_quotes(part.name) + "]";
    }
  }
  return out;
}

FieldPath FieldPath::member(std::string_view name) const {
  FieldPath path = *this;
  path.parts.push_back({std::string(name), 0, false});
  return path;
}

FieldPath FieldPath::element(std::size_t index) const {
  FieldPath path = *this;
  path.parts.push_back({"", index, true});
  return path;
}

bool FieldPath::within(const FieldPath& other) const {
  return other.parts.size() <= parts.size() &&
         std::equal(other.parts.begin(), other.parts.end(), parts.begin());
}

FieldMessage split_field_message(std::string_view text) {
  FieldMessage out;
  std::string_view rest = text;
  while (auto part = take_part(rest, out.field.parts.empty())) out.field.parts.push_back(*std::move(part));
  if (!rest.starts_with(": ")) return {FieldPath{}, std::string(text)};
  out.message = rest.substr(2);
  return out;
}

std::uint32_t line_of(const Json& document, const FieldLines& lines, const FieldPath& field,
                      std::uint32_t line) {
  const Json* value = &document;
  std::size_t beneath = 0;
  for (const auto& part : field.parts) {
    const auto place = child_of(*value, beneath, part);
    if (!place || place->at >= lines.size()) return line;
    line = lines[place->at];
    value = place->value;
    beneath = place->at + 1;
  }
  return line;
}

FieldLines carried_lines(const Json& before, const FieldLines& lines, std::uint32_t line, const Json& after) {
  if (before == after) return lines;
  FieldLines out;
  carry(&before, 0, lines, line, after, out);
  return out;
}

std::vector<ListElement> elements_of(const Json& document, const FieldLines& lines, std::string_view member) {
  std::vector<ListElement> elements;
  const auto list = child_of(document, 0, {std::string(member), 0, false});
  if (!list || !list->value->is_array()) return elements;
  std::size_t at = list->at + 1;
  for (const auto& value : *list->value) {
    const std::size_t beneath = at + 1;
    const std::size_t end = beneath + fields_beneath(value);
    ListElement element{&value, at < lines.size() ? lines[at] : 0, {}};
    for (std::size_t i = beneath; i < end && i < lines.size(); ++i) element.lines.push_back(lines[i]);
    elements.push_back(std::move(element));
    at = end;
  }
  return elements;
}

}  // namespace holdfast::gitops
