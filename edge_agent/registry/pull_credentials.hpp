// SPDX-License-Identifier: Apache-2.0
// PullCredentials: name and password for one registry, out of a Secret of type kubernetes.io/dockerconfigjson. Errors never repeat
// what is in it.
// Threads: pure functions, plain values.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::edge_agent {

struct PullCredentials {
  std::string user;
  std::string password;
  bool empty() const { return user.empty() && password.empty(); }
  std::string basic() const;  ///< "Basic …"
  bool operator==(const PullCredentials&) const = default;
};
/// The entry for `registry` in ".dockerconfigjson"; empty where it has none. Errors do not repeat the text. kUnsupported: an
/// identity token, which changes with each use and so cannot stand in Git.
base::Result<PullCredentials> credentials_for(std::string_view docker_config, std::string_view registry);

}  // namespace holdfast::edge_agent
