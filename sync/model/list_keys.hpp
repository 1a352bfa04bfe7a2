// SPDX-License-Identifier: Apache-2.0
// ListKeys: by which members the elements of a list are told apart when a patch is merged into it (Kubernetes' strategic merge): containers by
// name, ports by containerPort and protocol. Of the kinds of Kubernetes that a node can hold; a list of any other kind,
// ours included, is replaced as a whole.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
// Threads: constants.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace holdfast::sync {

struct ListKeys {
  /// Of each element. Empty: the list is no map.
  std::span<const std::string_view> members;
  /// A list of plain values of which each stands once: metadata.finalizers.
  bool is_set = false;
  bool is_replaced() const { return members.empty() && !is_set; }
};

/// `path`: the names of members from the root to the list, without indexes: spec, template, spec, containers, env.
ListKeys list_keys(std::string_view group, std::string_view kind, std::span<const std::string> path);

}  // namespace holdfast::sync
