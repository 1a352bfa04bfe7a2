// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/drivers.hpp"

namespace holdfast::edge_agent {

namespace {

std::unique_ptr<Pods> make_pods(const Drivers::Seams& seams) {
  if (seams.containers == nullptr) return nullptr;
  return std::make_unique<Pods>(Pods::Seams{*seams.containers, seams.host, seams.clock, seams.marks,
                                            seams.restarts, seams.pod_places, seams.on_due, seams.on_due_at,
                                            seams.puller, seams.machine});
}

std::unique_ptr<JobRunner> make_job_runner(const Drivers::Seams& seams, Pods* pods) {
  if (pods == nullptr) return nullptr;
  return std::make_unique<JobRunner>(
      JobRunner::Seams{*pods, seams.restarts, seams.clock, seams.host.boot_id(), seams.not_before});
}

PodContext context_of(const Drivers::Seams& seams) { return {seams.secrets, seams.marks, seams.node_name}; }

}  // namespace

Drivers::Drivers(Seams seams)
    : files_(seams.host, seams.clock, seams.marks, seams.secrets),
      processes_(seams.host, seams.clock, seams.marks, seams.restarts),
      pods_(make_pods(seams)),
      pod_driver_(pods_.get(), {seams.secrets, seams.marks, seams.node_name}, seams.restarts),
      job_runner_(make_job_runner(seams, pods_.get())),
      replicas_({pods_.get(), pod_driver_, context_of(seams), seams.clock, seams.restarts, seams.on_due_at}),
      jobs_({pods_.get(), job_runner_.get(), pod_driver_, context_of(seams), seams.clock,
             seams.jobs != nullptr ? *seams.jobs : own_jobs_}),
      cron_jobs_({pods_.get(), job_runner_.get(), pod_driver_, context_of(seams), seams.host, seams.clock,
                  seams.jobs != nullptr ? *seams.jobs : own_jobs_, seams.not_before, seams.machine}),
      units_({seams.units, seams.host, seams.clock, files_, seams.unit_book, seams.on_due}) {}

Driver* Drivers::of(const sync::ResourceKey& key) {
  if (key.group.empty() && (key.kind == "ConfigMap" || key.kind == "Secret")) return &config_maps_;
  if (key.group.empty() && key.kind == "Pod") return &pod_driver_;
  if (key.group == "apps" && (key.kind == "Deployment" || key.kind == "DaemonSet")) return &replicas_;
  if (key.group == "batch" && key.kind == "Job") return &jobs_;
  if (key.group == "batch" && key.kind == "CronJob") return &cron_jobs_;
  if (key.group != "holdfast.dev") return nullptr;
  if (key.kind == "File") return &files_;
  if (key.kind == "Process") return &processes_;
  if (key.kind == "Unit") return &units_;
  return nullptr;
}

Driver* Drivers::of(const sync::Claim& claim) {
  switch (claim.kind) {
    case sync::ClaimKind::kPath: return &files_;
    case sync::ClaimKind::kProcess: return &processes_;
    case sync::ClaimKind::kUnit: return &units_;
    case sync::ClaimKind::kContainer:
    case sync::ClaimKind::kPort: return &pod_driver_;
  }
  return nullptr;
}

Driver* Drivers::of(const sync::InventoryEntry& entry) {
  auto* const by_kind = of(entry.key);
  return by_kind != nullptr ? by_kind : of(entry.claim);
}

std::vector<sync::Claim> Drivers::on_event(const base::HostEvent& event) {
  std::vector<sync::Claim> claims = files_.on_event(event);
  for (auto& claim : processes_.on_event(event)) claims.push_back(std::move(claim));
  for (auto& claim : pod_driver_.on_event(event)) claims.push_back(std::move(claim));
  return claims;
}

}  // namespace holdfast::edge_agent
