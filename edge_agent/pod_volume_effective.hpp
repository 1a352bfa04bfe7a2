// SPDX-License-Identifier: Apache-2.0
// A volume of a pod with what it refers to filled in.
// Threads: pure functions.
#pragma once

#include "edge_agent/container_env.hpp"

namespace holdfast::edge_agent {

struct ResolvedVolume {
  PodVolume volume;
  std::optional<base::Error> unreadable;  ///< why a Secret cannot be opened
  std::string missing;  ///< what it refers to and its application does not have; empty: nothing
};
base::Result<ResolvedVolume> resolve_volume(const PodId& id, const sync::VolumeSpec& spec,
                                            References& references, const PodContext& context);

}  // namespace holdfast::edge_agent
