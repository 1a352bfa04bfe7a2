// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/replica_effective.hpp"

#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/limits/model.hpp"
#include "edge_agent/owned_pods.hpp"
#include "sync/model/workload_claims.hpp"

namespace holdfast::edge_agent {

using base::Json;
using base::Result;

namespace {

bool is_daemon_set(const sync::ResourceKey& key) { return key.kind == "DaemonSet"; }

struct Shape {
  ReplicaRules rules;
  std::chrono::milliseconds progress_deadline{0};
  sync::PodTemplate pod;
  std::vector<sync::Claim> claims;
};

Result<Shape> shape_of(const sync::Resource& resource) {
  HF_TRY(const Json object, base::parse_json(resource.body));
  if (is_daemon_set(resource.key)) {
    HF_TRY(auto set, sync::parse_daemon_set(object));
    return Shape{replica_rules(set), base::limits::kProgressDeadlineDefault, std::move(set.pod),
                 sync::daemon_set_claims(resource.key, object)};
  }
  HF_TRY(auto deployment, sync::parse_deployment(object));
  return Shape{replica_rules(deployment), deployment.progress_deadline, std::move(deployment.pod),
               sync::deployment_claims(resource.key, object)};
}

Json rules_json(const Shape& shape) {
  const auto& rules = shape.rules;
  return {rules.replicas,          rules.bounds.unavailable,
          rules.bounds.surge,      static_cast<int>(rules.strategy),
          rules.min_ready.count(), shape.progress_deadline.count()};
}

}  // namespace

PodId replica_id(const sync::ResourceKey& owner, std::uint32_t index) {
  return {owner.ns, is_daemon_set(owner) ? owner.name : sync::replica_name(owner.name, index)};
}

std::optional<std::uint32_t> replica_index(const sync::ResourceKey& owner, const PodId& id) {
  if (id.ns != owner.ns) return std::nullopt;
  if (is_daemon_set(owner)) return id.name == owner.name ? std::optional<std::uint32_t>(0) : std::nullopt;
  const auto number = pod_number(id.name, owner.name);
  if (!number || *number > UINT32_MAX) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

Result<std::unique_ptr<ReplicaEffective>> resolve_replicas(const sync::Resource& resource,
                                                           References& references,
                                                           const PodContext& context) {
  HF_TRY(auto shape, shape_of(resource));
  auto out = std::make_unique<ReplicaEffective>();
  out->key = resource.key;
  out->claims = std::move(shape.claims);
  out->rules = shape.rules;
  out->progress_deadline = shape.progress_deadline;
  Json digests = Json::array();
  const std::uint32_t most = shape.rules.replicas == 0 ? 0 : shape.rules.replicas + shape.rules.bounds.surge;
  for (std::uint32_t i = 0; i < most; ++i) {
    HF_TRY(auto pod, resolve_pod(replica_id(resource.key, i), resource.key, shape.pod, references, context));
    digests.push_back(whole_digest(pod).hex());
    out->gpus += pod.gpus();
    out->pods->push_back(std::move(pod));
    out->pods->back().chosen_for = out->pods->front().digest;
  }
  out->digest =
      base::Digest::of(base::canonical_json({{"rules", rules_json(shape)}, {"pods", std::move(digests)}}));
  return out;
}

}  // namespace holdfast::edge_agent
