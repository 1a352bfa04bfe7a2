// SPDX-License-Identifier: Apache-2.0
// build_kustomization: a kustomization and all that it names → documents, as `kustomize build` 5.x prints them. Pure: files come through a
// function. Which fields are honoured: docs/kustomize.md; why natively: docs/decisions/0028-kustomize.md.
// Threads: pure functions.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "gitops/document.hpp"
#include "gitops/finding.hpp"
#include "gitops/git_source.hpp"

namespace holdfast::gitops {

/// What stands at a path of the repository. An error is what cannot be read at all (Git, a symbolic link).
using ReadItem = std::function<base::Result<TreeItem>(const std::string& path)>;

/// A resource as it was built. It stands where its file has it; lines are those of its own file as far as a field is there. What a patch or another
/// entry put in has the line of what is around it.
struct BuiltDocument {
  std::string file;
  Document document;
};

struct KustomizeBuild {
  std::vector<BuiltDocument> list;
  Findings findings;  ///< an error: nothing was built
};

/// Whether `folder` (in normal form) holds a kustomization.
base::Result<bool> has_kustomization(const ReadItem& read, const std::string& folder);
KustomizeBuild build_kustomization(const ReadItem& read, const std::string& folder);

}  // namespace holdfast::gitops
