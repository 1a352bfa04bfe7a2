// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/job_effective.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "sync/model/workload_claims.hpp"

namespace holdfast::edge_agent {

using base::Json;
using base::Result;

namespace {

/// What is kept in memory for as long as the resource is there.
sync::JobSpec without_pod(const sync::JobSpec& job) {
  sync::JobSpec out = job;
  out.pod = {};
  out.pod.spec.restart_policy = job.pod.spec.restart_policy;
  return out;
}

/// Of what is run as Git wrote it, and of how many. Not of limits and times: a new deadline runs nothing anew. And not of what this agent makes of it, nor of what a
/// ConfigMap or Secret says now: an upgrade or a new password would run what is done again.
base::Digest run_digest(const Json& job_spec) {
  const Json pod = job_spec.value("template", Json::object()).value("spec", Json::object());
  return base::Digest::of(
      base::canonical_json({{"completions", job_spec.value("completions", 1)}, {"pod", pod}}));
}

Json rest_json(const sync::JobSpec& job) {
  return {job.backoff_limit, job.active_deadline ? job.active_deadline->count() : -1,
          job.ttl_after_finished ? job.ttl_after_finished->count() : -1, job.suspend};
}

base::Digest whole_digest_of(const JobEffective& job, const PodWanted& pod, const Json& object) {
  Json rest = rest_json(job.job);
  // The schedule has no other form; its manifest's will do.
  if (job.cron) rest.push_back(object.value("spec", Json::object()));
  return base::Digest::of(base::canonical_json(
      {{"run", job.run.hex()}, {"pod", whole_digest(pod).hex()}, {"rest", std::move(rest)}}));
}

}  // namespace

void JobEffective::salt(const base::Digest& attempt) {
  Effective::salt(attempt);
  run = base::Digest::of(run.hex() + "\n" + attempt.hex());
}

const PodWanted* JobEffective::pod(const PodId& id) const {
  const auto found = std::ranges::find(pods, id, &PodWanted::id);
  return found == pods.end() ? nullptr : &*found;
}

Result<std::unique_ptr<JobEffective>> resolve_job(const sync::Resource& resource, References& references,
                                                  const PodContext& context) {
  HF_TRY(const Json object, base::parse_json(resource.body));
  HF_TRY(const auto job, sync::parse_job(object));
  auto out = std::make_unique<JobEffective>();
  out->key = resource.key;
  out->claims = sync::job_claims(resource.key, object);
  out->job = without_pod(job);
  const PodId id{resource.key.ns, resource.key.name};
  HF_TRY(auto pod, resolve_pod(id, resource.key, job.pod, references, context));
  out->run = run_digest(object.value("spec", Json::object()));
  out->digest = whole_digest_of(*out, pod, object);
  out->gpus = pod.gpus();
  out->pods.push_back(std::move(pod));
  return out;
}

Result<std::unique_ptr<JobEffective>> resolve_cron_job(const sync::Resource& resource, References& references,
                                                       const PodContext& context,
                                                       const std::vector<std::string>& jobs) {
  HF_TRY(const Json object, base::parse_json(resource.body));
  HF_TRY(auto cron, sync::parse_cron_job(object));
  auto out = std::make_unique<JobEffective>();
  out->key = resource.key;
  out->claims = sync::cron_job_claims(resource.key, object);
  // Its name stands for those of all its Jobs.
  HF_TRY(auto pod,
         resolve_pod({resource.key.ns, resource.key.name}, resource.key, cron.job.pod, references, context));
  const Json spec = object.value("spec", Json::object());
  out->run = run_digest(spec.value("jobTemplate", Json::object()).value("spec", Json::object()));
  for (const auto& name : jobs) {
    HF_TRY(auto one, resolve_pod({resource.key.ns, name}, resource.key, cron.job.pod, references, context));
    out->pods.push_back(std::move(one));
  }
  out->job = without_pod(cron.job);
  cron.job = out->job;
  out->cron = std::move(cron);
  out->digest = whole_digest_of(*out, pod, object);
  out->gpus = pod.gpus();  // Jobs of it that run beside each other wait for each other
  pod.shed();
  return out;
}

}  // namespace holdfast::edge_agent
