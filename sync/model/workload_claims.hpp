// SPDX-License-Identifier: Apache-2.0
// What the workloads of Kubernetes hold on a node: the names of their containers at the engine, and ports of the node. A hostPath is not held: several pods may use one
// folder, and nothing in it is ever deleted for them.
// The functions are what the rows of the table of kinds (kinds.hpp) hold.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "sync/model/claim.hpp"
#include "sync/model/pod_spec.hpp"
#include "sync/model/resource.hpp"

namespace holdfast::sync {

/// "hf.default.web-0.app": at the engine, and as a claim.
std::string container_name(std::string_view ns, std::string_view pod, std::string_view container);
/// "web-0", of a Deployment.
std::string replica_name(std::string_view deployment, std::uint32_t index);
/// The container that owns the network of a pod that has several; no container of a manifest has such a name.
inline constexpr std::string_view kNetworkContainer = "_network";
bool has_network_container(const PodSpec& spec);
/// What one pod of that name holds. A port is "tcp/8080", whatever its address: one that is free on another address is a small loss, two on one a big one.
std::vector<Claim> claims_of_pod(std::string_view ns, std::string_view pod, const PodSpec& spec);

std::vector<Claim> pod_claims(const ResourceKey& key, const base::Json& object);
/// One for all its pods, "hf.NAMESPACE.NAME-*", so that other numbers of them are other parts of one thing: nothing is claimed or pruned for that.
std::vector<Claim> deployment_claims(const ResourceKey& key, const base::Json& object);
std::vector<Claim> daemon_set_claims(const ResourceKey& key, const base::Json& object);
std::vector<Claim> job_claims(const ResourceKey& key, const base::Json& object);
/// Its Jobs are NAME-MINUTES: one for all of them, as of a Deployment.
std::vector<Claim> cron_job_claims(const ResourceKey& key, const base::Json& object);

/// "hf.default.web-*": all pods of that name with a number behind it. No other claim has a '*'.
Claim claim_of_numbered_pods(std::string_view ns, std::string_view name);
/// The claim of that form that has the container of `claim` in it, whether anybody holds it or not: of "hf.default.web-0.app" it is "hf.default.web-*". nullopt: it is
/// no container of a pod with a number.
std::optional<Claim> claim_over(const Claim& claim);

/// Strict reading, and whether the names that come of it are short enough to be claimed: KindInfo::check.
base::Status check_pod(const base::Json& object);
base::Status check_deployment(const base::Json& object);
base::Status check_daemon_set(const base::Json& object);
base::Status check_job(const base::Json& object);
base::Status check_cron_job(const base::Json& object);

}  // namespace holdfast::sync
