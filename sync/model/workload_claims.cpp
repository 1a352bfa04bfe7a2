// SPDX-License-Identifier: Apache-2.0
#include "sync/model/workload_claims.hpp"

#include <algorithm>

#include "base/limits/model.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/job_spec.hpp"
#include "sync/model/metadata.hpp"
#include "sync/model/text.hpp"
#include "sync/model/workload_spec.hpp"

namespace holdfast::sync {
namespace {

using base::Json;

void add_container(std::string_view ns, std::string_view pod, const ContainerSpec& container,
                   std::vector<Claim>& out) {
  out.push_back({ClaimKind::kContainer, container_name(ns, pod, container.name)});
  for (const auto& port : container.ports) {
    if (port.host_port == 0) continue;
    const std::string protocol = port.protocol == Protocol::kUdp ? "udp/" : "tcp/";
    out.push_back({ClaimKind::kPort, protocol + std::to_string(port.host_port)});
  }
}

/// Sorted, each once: replicas do not hold a port twice.
std::vector<Claim> settled(std::vector<Claim> claims) {
  std::sort(claims.begin(), claims.end());
  claims.erase(std::unique(claims.begin(), claims.end()), claims.end());
  return claims;
}

base::Status check_lengths(const std::vector<Claim>& claims) {
  for (const auto& claim : claims) {
    if (claim.value.size() <= base::limits::kNameLengthMax) continue;
    return base::fail(base::Code::kLimit, "metadata.name: a container would be called " +
                                              in_quotes(claim.value) + ", which has " +
                                              std::to_string(claim.value.size()) + " characters; at most " +
                                              std::to_string(base::limits::kNameLengthMax) + " are allowed");
  }
  return {};
}

template <class Parse, class Claims>
base::Status check_workload(const Json& object, Parse parse, Claims claims) {
  HF_TRY([[maybe_unused]] const auto parsed, parse(object));
  Metadata metadata;
  base::ObjectReader in(object, "");
  in.required("metadata", document_field(metadata, parse_metadata));
  HF_CHECK(in.finish_open());
  return check_lengths(claims(ResourceKey{"", "", metadata.ns, metadata.name}, object));
}

/// The claim of all of them, and the ports that each would hold.
std::vector<Claim> claims_of_numbered(std::string_view ns, std::string_view name, const PodSpec& pod) {
  auto claims = claims_of_pod(ns, name, pod);
  std::erase_if(claims, [](const Claim& claim) { return claim.kind == ClaimKind::kContainer; });
  claims.push_back(claim_of_numbered_pods(ns, name));
  return settled(std::move(claims));
}

// The names that become the longest.
std::vector<Claim> longest_of_deployment(const ResourceKey& key, const Json& object) {
  const auto deployment = parse_deployment(object);
  if (!deployment) return {};
  const auto most = static_cast<std::uint32_t>(2 * base::limits::kReplicasMax);
  return claims_of_pod(key.ns, replica_name(key.name, most), deployment->pod.spec);
}
std::vector<Claim> longest_of_cron_job(const ResourceKey& key, const Json& object) {
  const auto cron = parse_cron_job(object);
  if (!cron) return {};
  constexpr const char* kMinutes = "-00000000";  // until the year 2160
  return claims_of_pod(key.ns, key.name + kMinutes, cron->job.pod.spec);
}

}  // namespace

std::string container_name(std::string_view ns, std::string_view pod, std::string_view container) {
  std::string out = "hf.";
  return out.append(ns).append(".").append(pod).append(".").append(container);
}

std::string replica_name(std::string_view deployment, std::uint32_t index) {
  return std::string(deployment) + "-" + std::to_string(index);
}

bool has_network_container(const PodSpec& spec) {
  return !spec.host_network && spec.init_containers.size() + spec.containers.size() > 1;
}

std::vector<Claim> claims_of_pod(std::string_view ns, std::string_view pod, const PodSpec& spec) {
  std::vector<Claim> claims;
  if (has_network_container(spec))
    claims.push_back({ClaimKind::kContainer, container_name(ns, pod, kNetworkContainer)});
  for (const auto& container : spec.init_containers) add_container(ns, pod, container, claims);
  for (const auto& container : spec.containers) add_container(ns, pod, container, claims);
  return settled(std::move(claims));
}

std::vector<Claim> pod_claims(const ResourceKey& key, const Json& object) {
  const auto pod = parse_pod(object);
  if (!pod) return {};
  return claims_of_pod(key.ns, key.name, pod->spec);
}

std::vector<Claim> deployment_claims(const ResourceKey& key, const Json& object) {
  const auto deployment = parse_deployment(object);
  if (!deployment) return {};
  return claims_of_numbered(key.ns, key.name, deployment->pod.spec);
}

std::vector<Claim> daemon_set_claims(const ResourceKey& key, const Json& object) {
  const auto set = parse_daemon_set(object);
  if (!set) return {};
  return claims_of_pod(key.ns, key.name, set->pod.spec);
}

std::vector<Claim> job_claims(const ResourceKey& key, const Json& object) {
  const auto job = parse_job(object);
  if (!job) return {};
  return claims_of_pod(key.ns, key.name, job->pod.spec);
}

std::vector<Claim> cron_job_claims(const ResourceKey& key, const Json& object) {
  const auto job = parse_cron_job(object);
  if (!job) return {};
  return claims_of_numbered(key.ns, key.name, job->job.pod.spec);
}

Claim claim_of_numbered_pods(std::string_view ns, std::string_view name) {
  std::string out = "hf.";
  return {ClaimKind::kContainer, out.append(ns).append(".").append(name).append("-*")};
}

std::optional<Claim> claim_over(const Claim& claim) {
  if (claim.kind != ClaimKind::kContainer) return std::nullopt;
  // Neither a namespace nor the name of a container has a dot in it.
  const auto end = claim.value.rfind('.');
  const auto dash = claim.value.rfind('-', end);
  if (end == std::string::npos || dash == std::string::npos || dash + 1 == end) return std::nullopt;
  const bool is_number = std::all_of(claim.value.begin() + static_cast<std::ptrdiff_t>(dash) + 1,
                                     claim.value.begin() + static_cast<std::ptrdiff_t>(end),
                                     [](char c) { return c >= '0' && c <= '9'; });
  if (!is_number) return std::nullopt;
  return Claim{ClaimKind::kContainer, claim.value.substr(0, dash) + "-*"};
}

base::Status check_pod(const Json& object) { return check_workload(object, parse_pod, pod_claims); }

base::Status check_deployment(const Json& object) {
  return check_workload(object, parse_deployment, longest_of_deployment);
}

base::Status check_daemon_set(const Json& object) {
  return check_workload(object, parse_daemon_set, daemon_set_claims);
}

base::Status check_job(const Json& object) { return check_workload(object, parse_job, job_claims); }

base::Status check_cron_job(const Json& object) {
  return check_workload(object, parse_cron_job, longest_of_cron_job);
}

}  // namespace holdfast::sync
