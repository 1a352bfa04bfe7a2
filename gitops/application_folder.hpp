// SPDX-License-Identifier: Apache-2.0
// ApplicationFolder: what stands at an application's path in a commit: a kustomization, or plain manifests. Everyone
// who reads one goes through here.
// Threads: one.
#pragma once

#include <string>

#include "base/result.hpp"
#include "gitops/git_source.hpp"
#include "gitops/kustomize/build.hpp"
#include "gitops/render.hpp"

namespace holdfast::gitops {

struct ApplicationFolder {
  std::string url;
  sync::Revision commit;
  std::string path;
};

/// Equal ids, equal content. Of a kustomization that is the whole repository: it may name any folder of it.
base::Result<TreeId> content_id(GitSource& git, const ApplicationFolder& folder);
/// An error says that Git could not give it; what is wrong with the manifests is in their findings.
base::Result<Manifests> read_manifests(GitSource& git, const ApplicationFolder& folder,
                                       PlainSecrets plain = PlainSecrets::kRefuse);

}  // namespace holdfast::gitops
