// SPDX-License-Identifier: Apache-2.0
#include "sync/model/pod_support.hpp"

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

Status check_env(const ContainerSpec& container, const std::string& where) {
  for (std::size_t i = 0; i < container.env.size(); ++i) {
    const std::string at = where + ".env[" + std::to_string(i) + "].valueFrom";
    const auto* field = std::get_if<PodField>(&container.env[i].value);
    if (field != nullptr && field->kind == PodField::Kind::kHostIp)
      return not_yet(at + ".fieldRef", "status.hostIP is not supported yet; write the address as value");
  }
  return {};
}

Status check_container(const ContainerSpec& container, const std::string& where) {
  HF_CHECK(check_env(container, where));
  if (container.liveness || container.readiness || container.startup)
    return not_yet(where, "probes are not supported yet; take them out");
  if (!std::holds_alternative<std::monostate>(container.pre_stop))
    return not_yet(where + ".lifecycle.preStop", "is not supported yet; take it out");
  if (container.resources.gpus > 0)
    return not_yet(where + ".resources.limits[nvidia.com/gpu]", "is not supported yet; take it out");
  if (container.security.user.group && !container.security.user.user)
    return not_yet(where + ".securityContext.runAsGroup", "needs runAsUser beside it; write both");
  return {};
}

}  // namespace

Status check_pod_support(const PodSpec& pod, const std::string& where) {
  if (!pod.init_containers.empty())
    return not_yet(where + ".initContainers", "is not supported yet; take it out");
  if (pod.containers.size() > 1)
    return not_yet(where + ".containers", "more than one is not supported yet; write a Pod for each");
  if (!pod.volumes.empty()) return not_yet(where + ".volumes", "is not supported yet; take it out");
  for (std::size_t i = 0; i < pod.containers.size(); ++i)
    HF_CHECK(check_container(pod.containers[i], where + ".containers[" + std::to_string(i) + "]"));
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
