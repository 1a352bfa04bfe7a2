// SPDX-License-Identifier: Apache-2.0
// What registries are called, and Docker's own by which of its names: in references, in credentials, on the network.
// Threads: constants, pure functions.
#pragma once

#include <string>
#include <string_view>

namespace holdfast::edge_agent {

inline constexpr std::string_view kDockerHub = "docker.io";  ///< in references
inline constexpr std::string_view kDockerHubApi = "registry-1.docker.io";
/// Under which Docker's own `login` keeps the credentials of its hub.
inline constexpr std::string_view kDockerHubKey = "https://index.docker.io/v1/";

/// Names of hosts and schemes know no case; bytes beyond ASCII stay as they are.
std::string lower_ascii(std::string_view text);

/// The host that is asked for what a reference names.
std::string_view registry_host(std::string_view registry);
/// Of a key of Docker's credentials, as its own tools keep it: with or without scheme and path.
std::string registry_of_key(std::string_view key);

}  // namespace holdfast::edge_agent
