// SPDX-License-Identifier: Apache-2.0
// Document: one YAML or JSON document of a file, read: its value as JSON text, its line and its fields'
// lines.
// Threads: plain values; pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/field_lines.hpp"

namespace holdfast::gitops {

struct Document {
  std::string json;
  std::uint32_t line = 1;
  FieldLines lines;
};

/// Why a file cannot be read. Line 0: the file as a whole.
struct ReadProblem {
  std::uint32_t line = 0;
  std::string message;
};

struct Documents {
  std::vector<Document> list;  ///< in the file's order; empty ones (null) are left out
  std::optional<ReadProblem> problem;
};

/// YAML as users of Kubernetes know it: several documents, anchors, aliases and merge keys; YAML 1.2's core
/// schema for plain scalars. Refused with line and way out: what is over the limits of base/limits/,
/// duplicate keys, control characters, other tags than the core schema's, keys that are no scalars.
Documents read_yaml(std::string_view text);
/// One strict JSON document.
Documents read_json(std::string_view text);

}  // namespace holdfast::gitops
