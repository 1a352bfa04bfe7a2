// SPDX-License-Identifier: Apache-2.0
// FieldRules: what a field of a Kubernetes object means on a node. It is honoured, or refused with what to do instead, or ignored because it can change nothing on
// one node without a cluster. The tables are the one place where that is decided: readers take from them what they refuse and ignore, docs/kubernetes.md shows them
// word for word, and tests walk them.
// Threads: constants and pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

namespace holdfast::sync {

enum class FieldUse { kHonoured, kRefused, kIgnored };

struct FieldRule {
  std::string_view field;
  FieldUse use;
  /// Refused: why, and what to do instead. Ignored: why. Honoured: what there is to know; may be empty.
  std::string_view note = "";
  /// Of a refused field: the value, as canonical JSON, that means the same as none and so passes.
  std::string_view unless = "";
};

/// All fields of one object, in the order of Kubernetes' API reference, version 1.31.
struct FieldTable {
  std::string_view object;  ///< Kubernetes' name of the type: "PodSpec"
  std::span<const FieldRule> rules;
};

constexpr FieldRule honoured(std::string_view field, std::string_view note = "") {
  return {field, FieldUse::kHonoured, note, ""};
}
constexpr FieldRule refused(std::string_view field, std::string_view note, std::string_view unless = "") {
  return {field, FieldUse::kRefused, note, unless};
}
constexpr FieldRule ignored(std::string_view field, std::string_view note) {
  return {field, FieldUse::kIgnored, note, ""};
}

/// Refuses what `table` refuses, and lets `in` pass what it ignores; the reader then asks for what is honoured. `where` is that of `in`.
base::Status apply_rules(const FieldTable& table, const base::Json& value, const std::string& where,
                         base::ObjectReader& in);

}  // namespace holdfast::sync
