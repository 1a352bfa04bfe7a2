// SPDX-License-Identifier: Apache-2.0
// Resource: one manifest object in Kubernetes form, as a node gets it: its key, its canonical JSON and what
// ordering needs. The typed content is read on demand by the kind's own file (file_spec, process_spec, …).
// Threads: plain values.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "sync/model/hook.hpp"

namespace holdfast::sync {

/// group/kind/namespace/name. The core group is "". The namespace of a resource that names none is "default".
struct ResourceKey {
  std::string group;
  std::string kind;
  std::string ns = "default";
  std::string name;
  auto operator<=>(const ResourceKey&) const = default;
  std::string text() const;   ///< "holdfast.dev/File/default/motd"; core group: "/ConfigMap/default/a"
  std::string brief() const;  ///< "File/motd"; with another namespace "File/ns/motd"
  static base::Result<ResourceKey> parse(std::string_view text);
  /// Whether a person's "File/motd", "file/motd" or "File/ns/motd" means this key.
  bool matches_brief(std::string_view brief) const;
};

struct Resource {
  ResourceKey key;
  std::string body;       ///< canonical JSON of the whole object: apiVersion, kind, metadata, spec | data
  base::Digest digest;    ///< of body
  std::int64_t wave = 0;  ///< argocd.argoproj.io/sync-wave
  std::vector<std::string> depends_on;  ///< briefs, from holdfast.dev/depends-on
  bool prune_disabled = false;          ///< holdfast.dev/prune: disabled, or Argo CD's Prune=false
  std::optional<Hook> hook{};           ///< argocd.argoproj.io/hook

  bool operator==(const Resource&) const = default;
};

/// Reads apiVersion, kind, metadata strictly and the kind's own content (see kinds.hpp). Errors name the
/// field.
base::Result<Resource> parse_resource(const base::Json& object);
base::Result<Resource> parse_resource(std::string_view json);
/// metadata.labels and metadata.annotations of a resource's body.
base::Result<std::map<std::string, std::string>> labels_of(const Resource& resource);
base::Result<std::map<std::string, std::string>> annotations_of(const Resource& resource);

inline constexpr std::string_view kAnnotationTemplate = "holdfast.dev/template";
inline constexpr std::string_view kAnnotationPrune = "holdfast.dev/prune";
inline constexpr std::string_view kAnnotationDependsOn = "holdfast.dev/depends-on";
inline constexpr std::string_view kAnnotationSyncWave = "argocd.argoproj.io/sync-wave";
inline constexpr std::string_view kAnnotationSyncOptions =
    "argocd.argoproj.io/sync-options";  ///< of these Prune=false

}  // namespace holdfast::sync
