// SPDX-License-Identifier: Apache-2.0
#include "sync/model/workload_claims.hpp"

#include <algorithm>

#include "base/limits/model.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/job_spec.hpp"
#include "sync/model/metadata.hpp"
#include "sync/model/pod_support.hpp"
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

}  // namespace

std::string container_name(std::string_view ns, std::string_view pod, std::string_view container) {
  std::string out = "hf.";
  return out.append(ns).append(".").append(pod).append(".").append(container);
}

std::string replica_name(std::string_view deployment, std::uint32_t index) {
  return std::string(deployment) + "-" + std::to_string(index);
}

std::vector<Claim> claims_of_pod(std::string_view ns, std::string_view pod, const PodSpec& spec) {
  std::vector<Claim> claims;
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
  std::vector<Claim> claims;
  const std::uint32_t surge = deployment->replicas == 0 ? 0 : deployment->rolling.surge;
  for (std::uint32_t i = 0; i < deployment->replicas + surge; ++i) {
    const auto more = claims_of_pod(key.ns, replica_name(key.name, i), deployment->pod.spec);
    claims.insert(claims.end(), more.begin(), more.end());
  }
  return settled(std::move(claims));
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
  return claims_of_pod(key.ns, key.name + "-*", job->job.pod.spec);
}

base::Status check_pod(const Json& object) {
  HF_CHECK(check_workload(object, parse_pod, pod_claims));
  HF_TRY(const auto pod, parse_pod(object));
  return check_pod_support(pod.spec, "spec");
}

base::Status check_deployment(const Json& object) {
  return check_workload(object, parse_deployment, deployment_claims);
}

base::Status check_daemon_set(const Json& object) {
  return check_workload(object, parse_daemon_set, daemon_set_claims);
}

base::Status check_job(const Json& object) { return check_workload(object, parse_job, job_claims); }

base::Status check_cron_job(const Json& object) {
  return check_workload(object, parse_cron_job, cron_job_claims);
}

}  // namespace holdfast::sync
