// SPDX-License-Identifier: Apache-2.0
#include "sync/model/pod_support.hpp"

#include <algorithm>

#include "sync/model/job_spec.hpp"
#include "sync/model/pod_env.hpp"
#include "sync/model/workload_claims.hpp"
#include "sync/model/workload_spec.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Status;

constexpr const char* kTemplateSpec = "spec.template.spec";

Status not_yet(const std::string& where, const std::string& what) {
  return fail(Code::kUnsupported, where + ": " + what);
}

const ContainerSpec& named(const PodSpec& pod, const std::string& name, const ContainerSpec& self) {
  for (const auto* list : {&pod.init_containers, &pod.containers}) {
    const auto found = std::ranges::find(*list, name, &ContainerSpec::name);
    if (!name.empty() && found != list->end()) return *found;
  }
  return self;
}

bool is_said(const ResourceField& field, const PodSpec& pod, const ContainerSpec& self) {
  const auto& resources = named(pod, field.container, self).resources;
  switch (field.kind) {
    case ResourceField::Kind::kLimitsCpu: return resources.cpu_milli_max.has_value();
    case ResourceField::Kind::kLimitsMemory: return resources.memory_bytes_max.has_value();
    case ResourceField::Kind::kRequestsCpu: return resources.cpu_milli_request || resources.cpu_milli_max;
    case ResourceField::Kind::kRequestsMemory:
      return resources.memory_bytes_request || resources.memory_bytes_max;
  }
  return false;
}

Status check_env(const PodSpec& pod, const ContainerSpec& container, const std::string& where) {
  for (std::size_t i = 0; i < container.env.size(); ++i) {
    const std::string at = where + ".env[" + std::to_string(i) + "].valueFrom";
    const auto* amount = std::get_if<ResourceField>(&container.env[i].value);
    if (amount != nullptr && !is_said(*amount, pod, container))
      return not_yet(at + ".resourceFieldRef",
                     "what the node has is not told yet; write the limit or request that it asks for");
  }
  return {};
}

Status check_container(const PodSpec& pod, const ContainerSpec& container, const std::string& where) {
  HF_CHECK(check_env(pod, container, where));
  if (container.security.user.group && !container.security.user.user)
    return not_yet(where + ".securityContext.runAsGroup", "needs runAsUser beside it; write both");
  return {};
}

std::size_t mounts_of(const PodSpec& pod, const std::string& volume) {
  std::size_t count = 0;
  for (const auto* list : {&pod.init_containers, &pod.containers}) {
    for (const auto& container : *list)
      count += static_cast<std::size_t>(std::ranges::count(container.mounts, volume, &VolumeMount::volume));
  }
  return count;
}

}  // namespace

Status check_pod_support(const PodSpec& pod, const std::string& where) {
  for (std::size_t i = 0; i < pod.volumes.size(); ++i) {
    const auto* empty = std::get_if<EmptyDirVolume>(&pod.volumes[i].source);
    if (empty == nullptr || !empty->bytes_max || mounts_of(pod, pod.volumes[i].name) <= 1) continue;
    return not_yet(where + ".volumes[" + std::to_string(i) + "].emptyDir.sizeLimit",
                   "is not supported for a volume that is mounted more than once; take the limit out");
  }
  for (std::size_t i = 0; i < pod.init_containers.size(); ++i)
    HF_CHECK(
        check_container(pod, pod.init_containers[i], where + ".initContainers[" + std::to_string(i) + "]"));
  for (std::size_t i = 0; i < pod.containers.size(); ++i)
    HF_CHECK(check_container(pod, pod.containers[i], where + ".containers[" + std::to_string(i) + "]"));
  return {};
}

base::Status check_pod_of_node(const base::Json& object) {
  HF_CHECK(check_pod(object));
  HF_TRY(const auto pod, parse_pod(object));
  return check_pod_support(pod.spec, "spec");
}

base::Status check_deployment_of_node(const base::Json& object) {
  HF_CHECK(check_deployment(object));
  HF_TRY(const auto deployment, parse_deployment(object));
  return check_pod_support(deployment.pod.spec, kTemplateSpec);
}

base::Status check_daemon_set_of_node(const base::Json& object) {
  HF_CHECK(check_daemon_set(object));
  HF_TRY(const auto set, parse_daemon_set(object));
  return check_pod_support(set.pod.spec, kTemplateSpec);
}

base::Status check_job_of_node(const base::Json& object) {
  HF_CHECK(check_job(object));
  HF_TRY(const auto job, parse_job(object));
  return check_pod_support(job.pod.spec, kTemplateSpec);
}

base::Status check_cron_job_of_node(const base::Json& object) {
  HF_CHECK(check_cron_job(object));
  HF_TRY(const auto cron, parse_cron_job(object));
  return check_pod_support(cron.job.pod.spec, "spec.jobTemplate.spec.template.spec");
}

}  // namespace holdfast::sync
