// SPDX-License-Identifier: Apache-2.0
// ManifestFolder: reads a folder of manifests from the disk by the same rules by which the hub reads a tree
// from a commit, so that what is good here is good there.
// Threads: any.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "gitops/git_source.hpp"
#include "gitops/render.hpp"
#include "gitops/template_values.hpp"

namespace holdfast::cli {

base::Result<std::vector<gitops::TreeFile>> read_manifest_folder(const std::string& folder);
/// Read and parsed; findings name files beneath `folder` as it was given.
base::Result<gitops::Manifests> parse_manifest_folder(const std::string& folder, gitops::PlainSecrets plain);

/// "apps/cameras/" → "cameras"
std::string folder_name(const std::string& folder);

/// Name, labels and facts of a Node as `holdfast get node NAME -o yaml` prints it. status.facts may be
/// missing, and so may status altogether, in a file that a person wrote.
base::Result<gitops::TemplateValues> read_node_values(const std::string& file);

}  // namespace holdfast::cli
