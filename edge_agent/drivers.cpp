// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/drivers.hpp"

namespace holdfast::edge_agent {

namespace {

std::unique_ptr<Pods> make_pods(const Drivers::Seams& seams) {
  if (seams.containers == nullptr) return nullptr;
  return std::make_unique<Pods>(Pods::Seams{*seams.containers, seams.host, seams.clock, seams.marks,
                                            seams.restarts, seams.pod_places, seams.on_due, seams.on_due_at});
}

}  // namespace

Drivers::Drivers(Seams seams)
    : files_(seams.host, seams.clock, seams.marks, seams.secrets),
      processes_(seams.host, seams.clock, seams.marks, seams.restarts),
      pods_(make_pods(seams)),
      pod_driver_(pods_.get(), {seams.secrets, seams.marks, seams.node_name}, seams.restarts) {}

Driver* Drivers::of(const sync::ResourceKey& key) {
  if (key.group.empty() && (key.kind == "ConfigMap" || key.kind == "Secret")) return &config_maps_;
  if (key.group.empty() && key.kind == "Pod") return &pod_driver_;
  if (key.group != "holdfast.dev") return nullptr;
  if (key.kind == "File") return &files_;
  if (key.kind == "Process") return &processes_;
  return nullptr;
}

Driver* Drivers::of(const sync::Claim& claim) {
  switch (claim.kind) {
    case sync::ClaimKind::kPath: return &files_;
    case sync::ClaimKind::kProcess: return &processes_;
    case sync::ClaimKind::kUnit: return nullptr;
    case sync::ClaimKind::kContainer:
    case sync::ClaimKind::kPort: return &pod_driver_;
  }
  return nullptr;
}

std::vector<sync::Claim> Drivers::on_event(const base::HostEvent& event) {
  std::vector<sync::Claim> claims = files_.on_event(event);
  for (auto& claim : processes_.on_event(event)) claims.push_back(std::move(claim));
  for (auto& claim : pod_driver_.on_event(event)) claims.push_back(std::move(claim));
  return claims;
}

}  // namespace holdfast::edge_agent
