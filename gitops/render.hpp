// SPDX-License-Identifier: Apache-2.0
// Rendering: files of one application's tree → manifests → the resources of one node. Pure; the same code
// serves the hub, `holdfast render|validate` and the simulator.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "gitops/field_lines.hpp"
#include "gitops/finding.hpp"
#include "gitops/git_source.hpp"
#include "gitops/parsed_resource.hpp"
#include "gitops/template.hpp"
#include "gitops/template_values.hpp"
#include "sync/model/desired_state.hpp"
#include "sync/model/resource.hpp"

namespace holdfast::gitops {

struct KustomizeBuild;  // gitops/kustomize/build.hpp

/// One parsed document and where it stands. Its JSON is kept as text, so this is cheap to keep.
struct Manifest {
  std::string json;
  std::string file;
  std::uint32_t line = 1;
  FieldLines lines;        ///< of its fields
  bool hub_kind = false;   ///< kept by the hub itself, never a resource of a node
  bool templated = false;  ///< some string holds "{{" and templates are not disabled
  /// Not templated, not a hub kind, and good: read once, the same for every node.
  std::optional<ParsedResource> parsed;
};

/// All documents of all files, in file and document order. Findings where something cannot be read; a
/// rendering with errors is refused as a whole (the last good revision stays in force).
struct Manifests {
  std::vector<Manifest> list;
  Findings findings;
  /// What the templates read: ".node.labels.site", sorted. Empty: one rendering serves every node. At most
  /// limits::kTemplateNamesMax.
  std::vector<TemplateExpression> reads;
};
/// Bounded: sizes, depth, aliases, counts (base/limits/); what is not templated must fit into a section
/// already. Kinds the hub keeps for itself (Application, …)
/// are returned too; see is_hub_kind().
Manifests parse_manifests(const std::vector<TreeFile>& files, const std::string& path_prefix,
                          PlainSecrets plain = PlainSecrets::kRefuse);
/// As parse_manifests, of what a kustomization was built to.
Manifests parse_build(KustomizeBuild build, PlainSecrets plain = PlainSecrets::kRefuse);
/// Equal texts, equal renderings: the values that these manifests read, and no others. For a cache.
std::string values_read(const Manifests& manifests, const TemplateValues& values);

/// Application, Node, EnrollmentToken, Project of group holdfast.dev.
bool is_hub_kind(const std::string& api_version, const std::string& kind);

/// One string. An unknown name without default is an error that lists the names there are.
base::Result<std::string> expand_template(const std::string& text, const TemplateValues& values);

struct Rendering {
  std::vector<sync::Resource> resources;     ///< sorted by key; Secrets redacted
  std::vector<sync::Provenance> provenance;  ///< same order
  Findings findings;                         ///< errors refuse the rendering
};
/// Expands templates on string leaves, checks every resource strictly, finds duplicate keys and claims,
/// dangling depends-on and references to ConfigMaps and Secrets, dependency cycles, and what is more than a section holds. Hub
/// kinds are left out. Holds the findings of `manifests`, too.
Rendering render(const Manifests& manifests, const TemplateValues& values, const std::string& source_url,
                 const sync::Revision& commit);
/// As `render`, for no node in particular: names of labels and facts are unknown and left as they are,
/// everything else is checked, specs of Applications, too. What the hub does once a revision and `holdfast
/// validate` does for a pull request. Holds the findings of `manifests`, too.
Findings validate(const Manifests& manifests);

}  // namespace holdfast::gitops
