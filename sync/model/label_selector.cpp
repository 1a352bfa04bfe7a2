// SPDX-License-Identifier: Apache-2.0
#include "sync/model/label_selector.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/limits/model.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/text.hpp"
#include "sync/model/words.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Result;
using Operator = LabelRequirement::Operator;

constexpr Words<Operator, 4> kOperators{{{{Operator::kIn, "In"},
                                          {Operator::kNotIn, "NotIn"},
                                          {Operator::kExists, "Exists"},
                                          {Operator::kDoesNotExist, "DoesNotExist"}}}};

bool takes_values(Operator op) { return op == Operator::kIn || op == Operator::kNotIn; }

Result<LabelRequirement> parse_requirement(const Json& value, const std::string& where) {
  LabelRequirement requirement;
  ObjectReader in(value, where);
  in.required("key", requirement.key)
      .required("operator",
                text_field(requirement.op, [](std::string_view word) { return kOperators.parse(word, ""); }))
      .optional("values", requirement.values);
  HF_CHECK(in.finish());
  HF_CHECK(in_field(check_label_key(requirement.key), where + ".key"));
  if (requirement.values.size() > base::limits::kLabelsMax) {
    return fail(Code::kLimit,
                where + ".values: more than " + std::to_string(base::limits::kLabelsMax) + " entries");
  }
  for (const auto& label : requirement.values)
    HF_CHECK(in_field(check_label_value(label), where + ".values"));
  if (takes_values(requirement.op) != requirement.values.empty()) return requirement;
  return fail(Code::kInvalid, where + ".values: " +
                                  (takes_values(requirement.op) ? "In and NotIn need at least one value"
                                                                : "Exists and DoesNotExist take no values"));
}

bool holds(const LabelRequirement& requirement, const StringMap& labels) {
  const auto label = labels.find(requirement.key);
  const bool is_there = label != labels.end();
  const auto& values = requirement.values;
  const bool is_among = is_there && std::find(values.begin(), values.end(), label->second) != values.end();
  switch (requirement.op) {
    case Operator::kIn: return is_among;
    case Operator::kNotIn: return !is_among;
    case Operator::kExists: return is_there;
    case Operator::kDoesNotExist: return !is_there;
  }
  return false;
}

}  // namespace

Result<LabelSelector> parse_label_selector(const Json& value, const std::string& where) {
  LabelSelector selector;
  ObjectReader in(value, where);
  in.optional("matchLabels", selector.labels)
      .each("matchExpressions",
            document_elements(selector.requirements, base::limits::kLabelsMax, parse_requirement));
  HF_CHECK(in.finish());
  HF_CHECK(check_labels(selector.labels, where + ".matchLabels"));
  return selector;
}

bool matches(const LabelSelector& selector, const StringMap& labels) {
  const bool equal = std::all_of(selector.labels.begin(), selector.labels.end(), [&](const auto& wanted) {
    const auto label = labels.find(wanted.first);
    return label != labels.end() && label->second == wanted.second;
  });
  return equal && std::all_of(selector.requirements.begin(), selector.requirements.end(),
                              [&](const auto& requirement) { return holds(requirement, labels); });
}

}  // namespace holdfast::sync
