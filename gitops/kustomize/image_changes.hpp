// SPDX-License-Identifier: Apache-2.0
// images and replicas: the two changes that are made most often, without a patch.
// Threads: pure functions.
#pragma once

#include <string>

#include "base/result.hpp"
#include "gitops/kustomize/built_resource.hpp"
#include "gitops/kustomize/kustomization.hpp"

namespace holdfast::gitops {

/// "registry:5000/web:1@sha256:…" with what `change` says; nullopt: it is another image.
std::optional<std::string> changed_image(const std::string& image, const KustomizeImage& change);
/// Of containers and initContainers, wherever they stand.
void change_images(const Kustomization& kustomization, ResourceMap& all);
/// Error: nothing of that name has replicas.
base::Status change_replicas(const Kustomization& kustomization, ResourceMap& all);

}  // namespace holdfast::gitops
