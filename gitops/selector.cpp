// SPDX-License-Identifier: Apache-2.0
// Label selectors, as an object in a manifest and as kubectl's -l text.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/limits/model.hpp"
#include "gitops/application.hpp"
#include "sync/model/labels.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Result;
using base::Status;
using sync::in_quotes;

constexpr std::array<std::pair<std::string_view, SelectorOperator>, 4> kOperators{{
    {"In", SelectorOperator::kIn},
    {"NotIn", SelectorOperator::kNotIn},
    {"Exists", SelectorOperator::kExists},
    {"DoesNotExist", SelectorOperator::kDoesNotExist},
}};

Result<SelectorOperator> parse_operator(std::string_view word) {
  for (const auto& [name, op] : kOperators) {
    if (name == word) return op;
  }
  return fail(Code::kInvalid, in_quotes(word) + " must be one of In, NotIn, Exists, DoesNotExist");
}

Status check_key(const std::string& key) {
  auto status = sync::check_label_key(key);
  if (!status) return fail(std::move(status).error().with_context("the label " + in_quotes(key)));
  return {};
}

Status check_value(const std::string& value) {
  auto status = sync::check_label_value(value);
  if (!status) return fail(std::move(status).error().with_context("the value " + in_quotes(value)));
  return {};
}

Status check_requirement(const SelectorRequirement& requirement) {
  HF_CHECK(check_key(requirement.key));
  for (const auto& value : requirement.values) HF_CHECK(check_value(value));
  const bool takes = requirement.op == SelectorOperator::kIn || requirement.op == SelectorOperator::kNotIn;
  if (takes && requirement.values.empty()) {
    return fail(Code::kInvalid, "In and NotIn need at least one value");
  }
  if (!takes && !requirement.values.empty()) {
    return fail(Code::kInvalid, "Exists and DoesNotExist take no values");
  }
  return {};
}

Status read_expression(const Json& value, const std::string& where, LabelSelector& selector) {
  SelectorRequirement requirement;
  ObjectReader in(value, where);
  in.required("key", requirement.key)
      .required("operator",
                [&](const Json& word, const std::string&) -> Status {
                  if (!word.is_string()) return fail(Code::kInvalid, "must be a string");
                  HF_TRY(requirement.op, parse_operator(word.get_ref<const std::string&>()));
                  return {};
                })
      .optional("values", requirement.values);
  HF_CHECK(in.finish());
  HF_CHECK(check_requirement(requirement));
  if (selector.match_expressions.size() >= base::limits::kLabelsMax) {
    return fail(Code::kLimit, "more than " + std::to_string(base::limits::kLabelsMax) + " expressions");
  }
  selector.match_expressions.push_back(std::move(requirement));
  return {};
}

Status check_match_labels(const LabelSelector& selector, const std::string& where) {
  for (const auto& [key, value] : selector.match_labels) {
    HF_CHECK(
        check_requirement({key, SelectorOperator::kIn, {value}}).map_error([&](const base::Error& error) {
          return error.with_context(where + ".matchLabels");
        }));
  }
  return {};
}

// ---- kubectl's text ----

/// "a=b,c in (d,e)" at the commas that stand outside parentheses.
std::vector<std::string_view> requirements_in(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t start = 0;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '(') inside = true;
    if (text[i] == ')') inside = false;
    if (text[i] != ',' || inside) continue;
    parts.push_back(text.substr(start, i - start));
    start = i + 1;
  }
  parts.push_back(text.substr(start));
  return parts;
}

/// "(a, b)" → {"a", "b"}
Result<std::vector<std::string>> values_in(std::string_view text) {
  if (!text.starts_with('(') || !text.ends_with(')')) {
    return fail(Code::kInvalid, "values stand in parentheses: site in (a,b)");
  }
  std::vector<std::string> values;
  for (const auto part : sync::split(text.substr(1, text.size() - 2), ',')) {
    values.emplace_back(sync::trimmed(part));
  }
  return values;
}

/// Takes "key in (…)" or "key notin (…)"; false where it is neither.
Result<bool> parse_set(std::string_view text, SelectorRequirement& out) {
  const auto space = text.find_first_of(" \t");
  if (space == std::string_view::npos) return false;
  const std::string_view rest = sync::trimmed(text.substr(space));
  const auto word_end = std::min(rest.find_first_of(" \t("), rest.size());
  const std::string_view word = rest.substr(0, word_end);
  if (word != "in" && word != "notin") return false;
  out.key = text.substr(0, space);
  out.op = word == "in" ? SelectorOperator::kIn : SelectorOperator::kNotIn;
  HF_TRY(out.values, values_in(sync::trimmed(rest.substr(word_end))));
  return true;
}

SelectorRequirement parse_equality(std::string_view text) {
  const auto requirement = [&](std::size_t at, std::size_t length, SelectorOperator op) {
    return SelectorRequirement{std::string(sync::trimmed(text.substr(0, at))),
                               op,
                               {std::string(sync::trimmed(text.substr(at + length)))}};
  };
  if (const auto at = text.find("!="); at != std::string_view::npos) {
    return requirement(at, 2, SelectorOperator::kNotIn);
  }
  if (const auto at = text.find("=="); at != std::string_view::npos)
    return requirement(at, 2, SelectorOperator::kIn);
  if (const auto at = text.find('='); at != std::string_view::npos)
    return requirement(at, 1, SelectorOperator::kIn);
  if (text.starts_with('!')) {
    return {std::string(sync::trimmed(text.substr(1))), SelectorOperator::kDoesNotExist, {}};
  }
  return {std::string(text), SelectorOperator::kExists, {}};
}

Status add_requirement(std::string_view text, LabelSelector& selector) {
  SelectorRequirement requirement;
  HF_TRY(const bool is_set, parse_set(text, requirement));
  if (!is_set) requirement = parse_equality(text);
  HF_CHECK(check_requirement(requirement));
  const bool plain = !is_set && requirement.op == SelectorOperator::kIn;
  // The same label twice cannot stand in a map; as an expression both must hold.
  if (plain && selector.match_labels.emplace(requirement.key, requirement.values.front()).second) return {};
  selector.match_expressions.push_back(std::move(requirement));
  return {};
}

}  // namespace

Result<LabelSelector> parse_label_selector(const Json& value, const std::string& where) {
  LabelSelector selector;
  ObjectReader in(value, where);
  in.optional("matchLabels", selector.match_labels)
      .each("matchExpressions", [&](const Json& expression, const std::string& at) {
        return read_expression(expression, at, selector);
      });
  HF_CHECK(in.finish());
  HF_CHECK(check_match_labels(selector, where));
  return selector;
}

Result<LabelSelector> parse_selector_text(std::string_view text) {
  LabelSelector selector;
  if (sync::trimmed(text).empty()) return selector;
  const auto parts = requirements_in(text);
  if (parts.size() > base::limits::kLabelsMax) {
    return fail(Code::kLimit,
                "a selector of more than " + std::to_string(base::limits::kLabelsMax) + " requirements");
  }
  for (const auto part : parts) {
    auto status = add_requirement(sync::trimmed(part), selector);
    if (!status) {
      return fail(std::move(status).error().with_context("selector " + in_quotes(sync::trimmed(part))));
    }
  }
  return selector;
}

}  // namespace holdfast::gitops
