// SPDX-License-Identifier: Apache-2.0
#include "gitops/placement.hpp"

#include <algorithm>

namespace holdfast::gitops {
namespace {

using Labels = std::map<std::string, std::string>;

bool is_fact(std::string_view key) { return key.starts_with(kFactLabelPrefix); }

Match answer(bool truth) { return truth ? Match::kYes : Match::kNo; }

/// As Kubernetes has it: NotIn holds for a node without the label.
bool holds(const SelectorRequirement& requirement, const std::string* value) {
  const auto& values = requirement.values;
  const bool listed = value != nullptr && std::find(values.begin(), values.end(), *value) != values.end();
  switch (requirement.op) {
    case SelectorOperator::kIn: return listed;
    case SelectorOperator::kNotIn: return !listed;
    case SelectorOperator::kExists: return value != nullptr;
    case SelectorOperator::kDoesNotExist: return value == nullptr;
  }
  return false;
}

Match match_one(const SelectorRequirement& requirement, const Labels& labels) {
  const auto found = labels.find(requirement.key);
  if (found == labels.end() && is_fact(requirement.key)) return Match::kUnknown;
  return answer(holds(requirement, found == labels.end() ? nullptr : &found->second));
}

/// No wins over unknown, unknown over yes.
Match both(Match a, Match b) {
  if (a == Match::kNo || b == Match::kNo) return Match::kNo;
  return a == Match::kUnknown || b == Match::kUnknown ? Match::kUnknown : Match::kYes;
}

enum class Facts { kRead, kTakenAsFulfilled };

Match match_all(const LabelSelector& selector, const Labels& labels, Facts facts) {
  Match all = Match::kYes;
  const auto add = [&](const SelectorRequirement& requirement) {
    if (facts == Facts::kTakenAsFulfilled && is_fact(requirement.key)) return;
    all = both(all, match_one(requirement, labels));
  };
  for (const auto& [key, value] : selector.match_labels) add({key, SelectorOperator::kIn, {value}});
  for (const auto& requirement : selector.match_expressions) add(requirement);
  return all;
}

}  // namespace

Match match(const LabelSelector& selector, const Labels& labels) {
  return match_all(selector, labels, Facts::kRead);
}

bool reads_facts(const LabelSelector& selector) {
  return std::any_of(selector.match_labels.begin(), selector.match_labels.end(),
                     [](const auto& label) { return is_fact(label.first); }) ||
         std::any_of(selector.match_expressions.begin(), selector.match_expressions.end(),
                     [](const SelectorRequirement& requirement) { return is_fact(requirement.key); });
}

Match match_without_facts(const LabelSelector& selector, const Labels& labels) {
  return match_all(selector, labels, Facts::kTakenAsFulfilled);
}

}  // namespace holdfast::gitops
