// SPDX-License-Identifier: Apache-2.0
// Kustomization: what a kustomization.yaml says, read strictly: a field that is unknown, or known and not supported, is an error that names
// it and the way out. docs/kustomize.md has a row for each.
// https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
// Threads: plain values; pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "gitops/field_lines.hpp"
#include "sync/model/labels.hpp"

namespace holdfast::gitops {

/// The names a kustomization's file may have; one of them in a folder.
inline constexpr std::array<std::string_view, 3> kKustomizationNames{"kustomization.yaml",
                                                                     "kustomization.yml", "Kustomization"};

/// Whom a patch is for. Empty texts fit all; name and namespace, kind, group and version are patterns.
struct TargetSelector {
  std::string group;
  std::string version;
  std::string kind;
  std::string name;
  std::string ns;
  std::string labels;  ///< as kubectl's --selector
  std::string annotations;
};

struct KustomizePatch {
  std::string where;  ///< of the entry, for errors: "patches[2]"
  std::string path;   ///< of a file; else `text`
  std::string text;
  std::optional<TargetSelector> target;
  /// Of patchesJson6902, with which kustomize does not note what a resource was called: references do not follow.
  bool forgets_names = false;
  bool may_rename = false;
  bool may_change_kind = false;
};

struct KustomizeLabels {
  sync::StringMap pairs;
  bool in_selectors = false;
  bool in_templates = false;
};

struct KustomizeImage {
  std::string name;
  std::string new_name;
  std::string new_tag;
  std::string digest;
};

struct KustomizeReplicas {
  std::string where;
  std::string name;
  std::int64_t count = 0;
};

struct GeneratorOptions {
  sync::StringMap labels;
  sync::StringMap annotations;
  bool no_hash = false;
  bool immutable = false;
};

/// Of a ConfigMap or a Secret.
struct KustomizeGenerator {
  enum class Behavior { kCreate, kMerge, kReplace };
  std::string where;
  bool is_secret = false;
  std::string name;
  std::string ns;
  std::string type;  ///< of a Secret
  Behavior behavior = Behavior::kCreate;
  std::vector<std::string> literals;
  std::vector<std::string> files;
  std::vector<std::string> envs;
  GeneratorOptions options;
};

struct ReplacementOptions {
  std::string delimiter;
  std::int64_t index = 0;
  bool create = false;
};

struct KustomizeReplacement {
  struct Target {
    TargetSelector select;
    std::vector<TargetSelector> reject;
    std::vector<std::string> field_paths;
    ReplacementOptions options;
  };
  TargetSelector source;  ///< exact, no patterns
  std::string source_path;
  ReplacementOptions source_options;
  std::vector<Target> targets;
};

/// An entry of `replacements`: itself, or a file that holds one or a list of them.
struct KustomizeReplacementEntry {
  std::string where;
  std::string path;
  KustomizeReplacement replacement;
};

struct Kustomization {
  bool is_component = false;
  std::vector<std::string> resources;  ///< and bases
  std::vector<std::string> components;
  std::string ns;
  std::string name_prefix;
  std::string name_suffix;
  sync::StringMap common_labels;
  sync::StringMap common_annotations;
  std::vector<KustomizeLabels> labels;
  std::vector<KustomizePatch> strategic_patches;  ///< patchesStrategicMerge
  std::vector<KustomizePatch> patches;
  std::vector<KustomizePatch> json_patches;  ///< patchesJson6902
  std::vector<KustomizeImage> images;
  std::vector<KustomizeReplicas> replicas;
  std::vector<KustomizeGenerator> generators;  ///< ConfigMaps first, as in kustomize
  std::vector<KustomizeReplacementEntry> replacements;
};

/// Errors begin with the field: "patches[0].target.kind: …".
base::Result<Kustomization> read_kustomization(const base::Json& document);
/// One entry of `replacements`, also as a file holds it.
base::Result<KustomizeReplacement> read_replacement(const base::Json& value, const std::string& where);

/// For the test that compares docs/kustomize.md.
std::vector<std::string> supported_kustomization_fields();
std::vector<std::string> refused_kustomization_fields();

}  // namespace holdfast::gitops
