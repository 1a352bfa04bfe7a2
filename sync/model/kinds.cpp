// SPDX-License-Identifier: Apache-2.0
#include "sync/model/kinds.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "sync/model/config_map.hpp"
#include "sync/model/file_spec.hpp"
#include "sync/model/job_spec.hpp"
#include "sync/model/pod_support.hpp"
#include "sync/model/process_spec.hpp"
#include "sync/model/secret.hpp"
#include "sync/model/unit_spec.hpp"
#include "sync/model/workload_claims.hpp"

namespace holdfast::sync {
namespace {

using base::Json;
using base::Status;

template <auto Parse>
Status check_with(const Json& object) {
  auto parsed = Parse(object);
  if (!parsed) return base::fail(std::move(parsed).error());
  return {};
}

std::vector<Claim> no_claims(const ResourceKey&, const Json&) { return {}; }

std::vector<Claim> file_claims(const ResourceKey&, const Json& object) {
  const auto spec = parse_file_spec(object);
  if (!spec) return {};
  return {{ClaimKind::kPath, spec->path}};
}

std::vector<Claim> process_claims(const ResourceKey& key, const Json&) {
  return {{ClaimKind::kProcess, key.ns + "/" + key.name}};
}

std::vector<Claim> unit_claims(const ResourceKey&, const Json& object) {
  const auto spec = parse_unit_spec(object);
  return spec ? claims_of_unit(*spec) : std::vector<Claim>{};
}

constexpr std::string_view kHookEnds =
    "spec.restartPolicy: a hook has to end; write Never or OnFailure, for Always (the default) starts it "
    "again "
    "and again";

Status check_process_hook(const Json& object) {
  const auto spec = parse_process_spec(object);
  if (!spec || spec->restart_policy != RestartPolicy::kAlways) return {};
  return base::fail(base::Code::kInvalid, std::string(kHookEnds));
}

Status check_pod_hook(const Json& object) {
  const auto pod = parse_pod(object);
  if (!pod || pod->spec.restart_policy != RestartPolicy::kAlways) return {};
  return base::fail(base::Code::kInvalid, std::string(kHookEnds));
}

/// Its pods end, as those of every Job do.
Status check_job_hook(const Json& object) {
  const auto job = parse_job(object);
  if (!job || !job->suspend) return {};
  return base::fail(
      base::Code::kInvalid,
      "spec.suspend: a hook has to end, and a Job that is suspended does not begin; take it out");
}

constexpr std::array kKinds{
    KindInfo{"", "v1", "ConfigMap", "configmap/1", 0, check_with<parse_config_map>, no_claims},
    KindInfo{"", "v1", "Secret", "secret/1", 0, check_with<parse_secret>, no_claims},
    KindInfo{"holdfast.dev", "v1", "File", "file/1", 10, check_with<parse_file_spec>, file_claims},
    KindInfo{"holdfast.dev", "v1", "Process", "process/1", 50, check_with<parse_process_spec>, process_claims,
             check_process_hook},
    KindInfo{"", "v1", "Pod", "pod/1", 60, check_pod_of_node, pod_claims, check_pod_hook},
    KindInfo{"holdfast.dev", "v1", "Unit", "unit/1", 40, check_with<parse_unit_spec>, unit_claims},
    KindInfo{"apps", "v1", "Deployment", "deployment/1", 61, check_deployment_of_node, deployment_claims},
    KindInfo{"apps", "v1", "DaemonSet", "daemonset/1", 62, check_daemon_set_of_node, daemon_set_claims},
    KindInfo{"batch", "v1", "Job", "job/1", 63, check_job_of_node, job_claims, check_job_hook},
    KindInfo{"batch", "v1", "CronJob", "cronjob/1", 64, check_cron_job_of_node, cron_job_claims},
};

}  // namespace

std::span<const KindInfo> all_kinds() { return kKinds; }

const KindInfo* find_kind(std::string_view group, std::string_view kind) {
  for (const auto& info : kKinds) {
    if (info.group == group && info.kind == kind) return &info;
  }
  return nullptr;
}

std::vector<Claim> claims_of(const Resource& resource) {
  const KindInfo* info = find_kind(resource.key.group, resource.key.kind);
  const auto object = base::parse_json(resource.body);
  if (info == nullptr || !object) return {};
  auto claims = info->claims(resource.key, *object);
  std::sort(claims.begin(), claims.end());
  return claims;
}

std::vector<std::string> abilities_of(const Resource& resource) {
  const KindInfo* info = find_kind(resource.key.group, resource.key.kind);
  if (info == nullptr) return {};
  std::vector<std::string> abilities{std::string(info->ability)};
  if (resource.hook) abilities.emplace_back(kAbilityHook);
  if (resource.hook && info->group != "holdfast.dev") abilities.emplace_back(kAbilityHookWorkload);
  if (info->kind == "Process") {
    const auto object = base::parse_json(resource.body);
    const auto spec =
        object ? parse_process_spec(*object) : base::Result<ProcessSpec>(base::fail(object.error()));
    if (spec && spec->min_ready > std::chrono::seconds{0}) abilities.emplace_back(kAbilityMinReady);
  }
  if (info->kind == "Unit") {
    const auto object = base::parse_json(resource.body);
    const auto spec = object ? parse_unit_spec(*object) : base::Result<UnitSpec>(base::fail(object.error()));
    if (spec && spec->min_ready > std::chrono::seconds{0}) abilities.emplace_back(kAbilityUnitMinReady);
  }
  return abilities;
}

std::vector<std::string> all_abilities() {
  std::vector<std::string> abilities{std::string(kAbilityDelta),    std::string(kAbilityParts),
                                     std::string(kAbilityHook),     std::string(kAbilityHookWorkload),
                                     std::string(kAbilityMinReady), std::string(kAbilityUnitMinReady)};
  for (const auto& info : kKinds) abilities.emplace_back(info.ability);
  std::sort(abilities.begin(), abilities.end());
  abilities.erase(std::unique(abilities.begin(), abilities.end()), abilities.end());
  return abilities;
}

}  // namespace holdfast::sync
