// SPDX-License-Identifier: Apache-2.0
// FieldLines: on which line each field of a document stands, so that an error about a field names the field's
// own line and not the document's. One number for each member and element, a parent before its children, in
// the order in which base::Json walks them (members sorted by name): four bytes a field, no paths.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace holdfast::gitops {

using FieldLines = std::vector<std::uint32_t>;

/// A field's path as errors write it: `spec.env[2].name`, `data["a.b"]`; each part without dots and brackets.
struct FieldPath {
  struct Part {
    std::string name;       ///< of a member
    std::size_t index = 0;  ///< of an element
    bool is_index = false;
    bool operator==(const Part&) const = default;
  };
  std::vector<Part> parts;
  bool operator==(const FieldPath&) const = default;

  std::string text() const;
  FieldPath member(std::string_view name) const;
  FieldPath element(std::size_t index) const;
  /// Whether this is `other` or lies within it.
  bool within(const FieldPath& other) const;
};

/// A message of the form "spec.path: must be …", taken apart. A message that names no field has an empty one.
struct FieldMessage {
  FieldPath field;
  std::string message;
};
FieldMessage split_field_message(std::string_view text);

/// The line of `field`; where it is not there (a missing one), of the nearest parent that is; else `line`,
/// the document's own.
std::uint32_t line_of(const base::Json& document, const FieldLines& lines, const FieldPath& field,
                      std::uint32_t line);

/// For `after`, which was made of `before`: each field has the line that it had there; one that is new, that of what is around it.
FieldLines carried_lines(const base::Json& before, const FieldLines& lines, std::uint32_t line,
                         const base::Json& after);

/// The elements of a list that is a member of `document`, each with its own line and lines: for `kind: List`.
struct ListElement {
  const base::Json* value = nullptr;  ///< within the document
  std::uint32_t line = 0;
  FieldLines lines;
};
std::vector<ListElement> elements_of(const base::Json& document, const FieldLines& lines,
                                     std::string_view member);

}  // namespace holdfast::gitops
