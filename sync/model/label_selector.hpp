// SPDX-License-Identifier: Apache-2.0
// LabelSelector: the one with which a workload says which pods are its own. On a node pods are found by their names, so all that is left of it is that it must match
// the labels of its own template, as Kubernetes asks.
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/label-selector/
// Threads: plain values.
#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "sync/model/labels.hpp"

namespace holdfast::sync {

struct LabelRequirement {
  enum class Operator { kIn, kNotIn, kExists, kDoesNotExist };
  std::string key;
  Operator op = Operator::kIn;
  std::vector<std::string> values;
  bool operator==(const LabelRequirement&) const = default;
};

struct LabelSelector {
  StringMap labels;  ///< matchLabels
  std::vector<LabelRequirement> requirements;
  bool operator==(const LabelSelector&) const = default;
  /// Whether nothing is asked for, which a workload may not.
  bool empty() const { return labels.empty() && requirements.empty(); }
};

base::Result<LabelSelector> parse_label_selector(const base::Json& value, const std::string& where);
bool matches(const LabelSelector& selector, const StringMap& labels);

}  // namespace holdfast::sync
