// SPDX-License-Identifier: Apache-2.0
// Template: one string of a manifest with its {{ … }} expressions read. A small, strict part of Go's
// templates:
//   {{ .node.name }}  {{ .node.labels.site }}  {{ .node.facts.arch }}  {{ .app.name }}  {{ .app.revision }}
//   {{ index .node.labels "topology.example.com/zone" }}     a label or fact whose key is no plain word
//   {{ .node.labels.site | default "none" }}                 where it is missing or empty, as in Helm
//   {{ "{{" }}                                               the characters themselves; also `{{`
// Expanded after parsing and in values only, so no value can change the structure of a manifest.
// Threads: plain values.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace holdfast::gitops {

struct TemplateValues;

/// Quick: whether the text holds an expression at all.
bool has_template(std::string_view text);

enum class TemplateName { kLiteral, kNodeName, kNodeLabel, kNodeFact, kAppName, kAppRevision };

/// One {{ … }}.
struct TemplateExpression {
  TemplateName name = TemplateName::kLiteral;
  std::string key;                      ///< of a label or fact; of a literal: its text
  std::optional<std::string> fallback;  ///< | default "…"
  bool operator==(const TemplateExpression&) const = default;
  /// ".node.labels.site": equal texts, equal values on every node.
  std::string text() const;
};

class Template {
 public:
  /// Errors quote the expression and name the way out.
  static base::Result<Template> parse(std::string_view text);
  /// An unknown name without default is an error that lists the names there are. kLimit: it becomes longer than
  /// `bytes_max`; nothing longer is made.
  base::Result<std::string> expand(const TemplateValues& values, std::size_t bytes_max) const;
  /// `value_of` gives the text of each expression.
  std::string expand_with(const std::function<std::string(const TemplateExpression&)>& value_of) const;
  /// In order; literals left out.
  std::vector<TemplateExpression> expressions() const;

 private:
  struct Piece {
    std::string text;                              ///< what stands before the expression
    std::optional<TemplateExpression> expression;  ///< none: the end
  };
  std::vector<Piece> pieces_;
};

/// What an expression is for these values; a missing name is an error that lists those there are.
base::Result<std::string> value_of(const TemplateExpression& expression, const TemplateValues& values);

}  // namespace holdfast::gitops
