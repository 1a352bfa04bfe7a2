// SPDX-License-Identifier: Apache-2.0
// The environment of a container with its references filled in, and what stands for it in a digest: of a secret nothing that a guess
// could be compared with.
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "edge_agent/marks.hpp"
#include "edge_agent/pod_wanted.hpp"
#include "edge_agent/references.hpp"
#include "edge_agent/secret_opener.hpp"
#include "sync/model/pod_spec.hpp"

namespace holdfast::edge_agent {

/// What a driver of pods needs of its node. References outlive it.
struct PodContext {
  const SecretOpener& secrets;
  const Marks& marks;
  std::string node_name;
};

struct ContainerEnv {
  std::vector<std::pair<std::string, std::string>> variables;
  std::string stands_for;  ///< the same in every run for an environment with which what runs may go on
  std::optional<base::Error> unreadable;  ///< why a Secret cannot be opened
  std::string missing;         ///< what it refers to and its application does not have; empty: nothing
  bool wants_address = false;  ///< kAddressPlace is in it
};

/// Stands where the node's address is filled in when the container is made, as kubelet does it: no manifest can hold a NUL. What is compared
/// holds this, so another address makes nothing anew.
inline constexpr std::string_view kAddressPlace{"\0status.hostIP\0", 15};
void fill_address(const std::string& address, base::ContainerSpec& spec);

/// Whether it is to be made anew when a ConfigMap or Secret that it refers to has other values (kAnnotationRestartOnChange).
bool restarts_on_change(const sync::PodTemplate& pod);

/// What the variables of one container refer to beside ConfigMaps and Secrets.
struct EnvScope {
  const PodId& id;
  const sync::PodTemplate& pod;
  const sync::ContainerSpec& container;
};

base::Result<ContainerEnv> container_env(const EnvScope& scope, References& references,
                                         const PodContext& context);
/// `words` with $(NAME) filled in.
std::vector<std::string> expanded(const std::vector<std::string>& words, const ContainerEnv& env);

}  // namespace holdfast::edge_agent
