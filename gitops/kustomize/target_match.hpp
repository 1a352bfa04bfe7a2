// SPDX-License-Identifier: Apache-2.0
// TargetMatch: which resources the target of a patch selects: patterns that fit the whole of group, version, kind, name and namespace (as
// they are or were), and selectors of labels and annotations.
// Threads: plain values.
#pragma once

#include "base/result.hpp"
#include "gitops/application.hpp"
#include "gitops/kustomize/built_resource.hpp"
#include "gitops/kustomize/kustomization.hpp"
#include "gitops/kustomize/name_pattern.hpp"

namespace holdfast::gitops {

class TargetMatch {
 public:
  /// `where`: of the target, for errors.
  static base::Result<TargetMatch> parse(const TargetSelector& target, const std::string& where);
  bool matches(const BuiltResource& resource) const;

 private:
  NamePattern group_, version_, kind_, name_, ns_;
  LabelSelector labels_;
  LabelSelector annotations_;
};

/// "Deployment web.*" for messages.
std::string text_of(const TargetSelector& target);

}  // namespace holdfast::gitops
