// SPDX-License-Identifier: Apache-2.0
// What the drivers of workloads with several pods have in common: which pods are a resource's, by the true marks of their containers, and how one goes.
// Threads: one, the engine's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "edge_agent/driver.hpp"
#include "edge_agent/pods.hpp"

namespace holdfast::edge_agent {

/// Of what needs a container engine, on a node that has none.
base::Error no_engine();

/// Whether it is the claim of all pods of a Deployment or CronJob; else of a single container or a port.
bool is_of_all_pods(const sync::Claim& claim);

void sooner(std::optional<base::MonotonicTime>& at, std::optional<base::MonotonicTime> other);

/// "a; b"
void add_text(std::string& all, const std::string& more);

/// Of "web-7" and "web": 7. nullopt: it is no pod with a number, or of another name.
std::optional<std::uint64_t> pod_number(const std::string& pod, const std::string& name);

/// REQUIRES: the cache is known.
std::vector<PodId> pods_of(Pods& pods, const sync::ResourceKey& owner);

/// How far one that is to end is, by those of its containers that carry our mark; kNone: there are none.
Observed::End how_far(Pods& pods, const PodId& id);

/// And those whose first container is being made.
std::vector<PodId> pods_begun_of(Pods& pods, const sync::ResourceKey& owner);

/// Nobody wants the resource any more: what was got ready for pods of it that never came to be goes, too.
void forget_pods_of(Pods& pods, const sync::ResourceKey& owner);

/// Stops and removes it, and forgets what was known of it; kDone when it is gone.
base::Result<Driver::Progress> end_pod(Pods& pods, RestartBook& restarts, const PodId& id,
                                       const sync::Claim& asker);

/// The label that all its containers have; empty where they differ, or there are none.
std::string label_of_pod(Pods& pods, const PodId& id, const char* name);

}  // namespace holdfast::edge_agent
