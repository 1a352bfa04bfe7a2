// SPDX-License-Identifier: Apache-2.0
// BuiltResource: a resource on its way through a build, with where it came from and what it was called before; and
// ResourceMap, all of a build in their order.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "gitops/field_lines.hpp"

namespace holdfast::gitops {

/// As kustomize tells resources apart.
struct BuiltId {
  std::string group;
  std::string version;
  std::string kind;
  std::string ns;  ///< never empty: "default" where none is written
  std::string name;
  auto operator<=>(const BuiltId&) const = default;
  /// "Deployment/web"
  std::string brief() const;
};

struct BuiltResource {
  std::unique_ptr<base::Json> object;
  std::unique_ptr<base::Json> source;  ///< as its file has it, for the lines of its fields
  FieldLines lines;                    ///< of source
  std::string file;                    ///< in the repository; a generated one: of its kustomization
  std::uint32_t line = 0;
  std::vector<BuiltId> previous;  ///< oldest first
  std::vector<std::string> prefixes;
  std::vector<std::string> suffixes;
  bool needs_hash = false;

  std::string text(std::string_view member) const;
  std::string name() const;
  std::string ns() const;  ///< as it is written; may be empty
  BuiltId id() const;
  BuiltId original_id() const { return previous.empty() ? id() : previous.front(); }
  /// Any that it has or had fits.
  bool was(const std::function<bool(const BuiltId&)>& fits) const;
  void store_previous() { previous.push_back(id()); }
  void rename(std::string name);
  bool is_hub_kind() const;
  /// Whether it can be on its way at all: apiVersion, kind and metadata.name are texts. What changes a resource in ways of a person's own (a
  /// patch) checks it afterwards.
  base::Status check_shape() const;
};

/// Kinds of Kubernetes without a namespace.
bool is_cluster_kind(std::string_view kind);

using ResourceMap = std::vector<BuiltResource>;

/// Error: two are one; names both files.
base::Status check_unique(const ResourceMap& all);

}  // namespace holdfast::gitops
