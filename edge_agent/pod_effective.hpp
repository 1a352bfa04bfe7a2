// SPDX-License-Identifier: Apache-2.0
// What a pod's manifest becomes at the engine: its containers with references filled in, and its digests. Two: that of what cannot
// change while it runs, and that of everything; a new probe or restart policy alone makes
// nothing anew, another grace does: it is the containers' own.
// Threads: plain values; pure functions.
#pragma once

#include <memory>

#include "edge_agent/container_env.hpp"
#include "edge_agent/driver.hpp"
#include "edge_agent/pod_wanted.hpp"
#include "sync/model/pod_spec.hpp"

namespace holdfast::edge_agent {

struct PodEffective final : Effective {
  PodEffective() = default;
  PodEffective(const PodEffective&) = delete;
  PodEffective& operator=(const PodEffective&) = delete;
  ~PodEffective() override { shed(); }
  void shed() override { pod.shed(); }
  void salt(const base::Digest& attempt) override;
  PodWanted pod;
  bool is_hook = false;
};

/// One pod of `owner`, a resource of whatever kind. Errors name the field.
base::Result<PodWanted> resolve_pod(const PodId& id, const sync::ResourceKey& owner,
                                    const sync::PodTemplate& pod, References& references,
                                    const PodContext& context);
/// Kind Pod.
base::Result<std::unique_ptr<PodEffective>> resolve_pod_resource(const sync::Resource& resource,
                                                                 References& references,
                                                                 const PodContext& context);
/// Of everything that the pod's owner has to compare.
base::Digest whole_digest(const PodWanted& pod);

}  // namespace holdfast::edge_agent
