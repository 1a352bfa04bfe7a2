// SPDX-License-Identifier: Apache-2.0
// A pod's imagePullSecrets: Secrets of type kubernetes.io/dockerconfigjson, opened for the registry of one image.
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "edge_agent/references.hpp"
#include "edge_agent/registry/pull_credentials.hpp"
#include "edge_agent/secret_opener.hpp"
#include "sync/model/image_ref.hpp"

namespace holdfast::edge_agent {

struct PullSecrets {
  PullCredentials credentials;            ///< empty: none of them names the registry
  std::optional<base::Error> unreadable;  ///< why one that may name it cannot be opened
};

/// The first that names the registry counts. Errors name the Secret: one that is not there, or of another type, is the
/// revision's fault.
base::Result<PullSecrets> pull_secrets_of(const std::string& ns, const std::vector<std::string>& names,
                                          const sync::ImageRef& image, References& references,
                                          const SecretOpener& secrets);

}  // namespace holdfast::edge_agent
