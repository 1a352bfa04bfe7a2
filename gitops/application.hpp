// SPDX-License-Identifier: Apache-2.0
// Application: a path in Git plus a placement, typed. The object itself lives at the hub; this is its spec.
// Shapes: interface.md's "An application"; syncPolicy after Argo CD, selectors after Kubernetes.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "sync/model/section.hpp"

namespace holdfast::gitops {

struct ApplicationSource {
  std::string repo_url;
  std::string target_revision = "HEAD";  ///< branch, tag or commit
  std::string path = ".";
  bool operator==(const ApplicationSource&) const = default;
};

enum class SelectorOperator { kIn, kNotIn, kExists, kDoesNotExist };
struct SelectorRequirement {
  std::string key;
  SelectorOperator op = SelectorOperator::kExists;
  std::vector<std::string> values;
  bool operator==(const SelectorRequirement&) const = default;
};
/// Empty matches everything, as in Kubernetes.
struct LabelSelector {
  std::map<std::string, std::string> match_labels;
  std::vector<SelectorRequirement> match_expressions;
  bool operator==(const LabelSelector&) const = default;
};

struct ApplicationSpec {
  std::string project = "default";
  ApplicationSource source;
  LabelSelector placement;  ///< spec.placement.selector; an Application without placement is placed nowhere
  bool placed = false;      ///< spec.placement was given
  bool automated = false;   ///< syncPolicy.automated was given: new revisions go out by themselves
  bool allow_empty = false;
  sync::SectionPolicy policy;  ///< prune, self_heal, prune_limit (maxPrune), retry
  bool operator==(const ApplicationSpec&) const = default;
};

/// Strict; errors name the field ("spec.syncPolicy.automated.maxPrune: …").
base::Result<ApplicationSpec> parse_application_spec(const base::Json& object);
base::Result<LabelSelector> parse_label_selector(const base::Json& value, const std::string& where);
/// kubectl's -l syntax: "role=camera,site in (a,b),!old".
base::Result<LabelSelector> parse_selector_text(std::string_view text);

}  // namespace holdfast::gitops
