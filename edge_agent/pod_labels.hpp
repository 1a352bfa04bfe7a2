// SPDX-License-Identifier: Apache-2.0
// What a container of ours says of itself at the engine, so that an agent that knows nothing any more can tell whose it is, what it
// is of, and how it is to be stopped.
// Threads: pure functions.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/container.hpp"
#include "edge_agent/marks.hpp"
#include "edge_agent/pod_wanted.hpp"

namespace holdfast::edge_agent {

namespace pod_labels {
inline constexpr const char* kPod = "dev.holdfast.pod";  ///< "default/web": every container of ours has it
inline constexpr const char* kContainer = "dev.holdfast.container";  ///< its name in the pod
inline constexpr const char* kRole = "dev.holdfast.role";
inline constexpr const char* kOrder = "dev.holdfast.order";  ///< of its start: "0" is first
inline constexpr const char* kMark = "dev.holdfast.mark";    ///< the ownership mark (marks.hpp) for its name
inline constexpr const char* kDigest = "dev.holdfast.digest";    ///< PodWanted::digest
inline constexpr const char* kNetwork = "dev.holdfast.network";  ///< id of the container whose network it has
inline constexpr const char* kPorts = "dev.holdfast.ports";      ///< of the node: "tcp/80,udp/53"
inline constexpr const char* kGrace = "dev.holdfast.grace";      ///< seconds
inline constexpr const char* kPreStop = "dev.holdfast.pre-stop";  ///< "sleep 5", or a JSON array of a command
inline constexpr const char* kGpus =
    "dev.holdfast.gpus";  ///< "0,1"; with " until-ended" or " until-done" no longer than that
}  // namespace pod_labels

/// REQUIRES: `container` is one of `pod`'s. `network`: the owner of its network; empty: it has its own, or the node's.
std::map<std::string, std::string> labels_of(const PodWanted& pod, const PodContainer& container,
                                             const base::ContainerId& network, const Marks& marks);

const std::string& label(const base::ContainerState& state, const char* name);
std::optional<PodId> pod_of(const base::ContainerState& state);
/// Whose it is by a true mark of this node.
std::optional<sync::ResourceKey> owner_of(const base::ContainerState& state, const Marks& marks);
ContainerRole role_of(const base::ContainerState& state);
/// Of its start in its pod; 0 where it does not say.
std::size_t order_of(const base::ContainerState& state);
bool holds_port(const base::ContainerState& state, const std::string& port);
/// What the labels say where they can be read; else Kubernetes' 30 s, and no hook.
std::chrono::milliseconds grace_of(const base::ContainerState& state);
sync::PreStop pre_stop_of(const base::ContainerState& state);

}  // namespace holdfast::edge_agent
