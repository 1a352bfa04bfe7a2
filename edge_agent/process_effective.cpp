// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/process_effective.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"
#include "base/run_format.hpp"
#include "edge_agent/probe_digest.hpp"

namespace holdfast::edge_agent {
namespace {

using base::Json;
using base::Result;

using Environment = std::vector<std::pair<std::string, std::string>>;

Result<Environment> environment(const sync::ProcessSpec& spec, const std::string& ns,
                                References& references) {
  Environment env;
  for (const auto& variable : spec.env) {
    std::string value = variable.value;
    if (variable.config_map_key) {
      HF_TRY(value, references.value(ns, *variable.config_map_key));
    }
    env.emplace_back(variable.name, std::move(value));
  }
  const bool has_path = std::ranges::any_of(env, [](const auto& pair) { return pair.first == "PATH"; });
  if (!has_path) env.emplace_back("PATH", base::run_format::kDefaultPath);
  return env;
}

/// Of what a running process cannot be given.
base::Digest start_digest(const base::ProcessStart& start) {
  Json env = Json::array();
  for (const auto& [name, value] : start.env) env.push_back({name, value});
  Json text{
      {"argv", start.argv}, {"env", std::move(env)}, {"workingDir", start.working_dir}, {"user", start.user}};
  if (start.memory_bytes_max) text["memory"] = base::to_decimal(*start.memory_bytes_max);
  if (start.cpu_milli_max) text["cpu"] = *start.cpu_milli_max;
  return base::Digest::of(base::canonical_json(text));
}

base::Digest effective_digest(const ProcessEffective& process) {
  Json text{{"start", process.start.spec_digest},
            {"restartPolicy", static_cast<int>(process.restart_policy)},
            {"liveness", probe_json(process.liveness)},
            {"readiness", probe_json(process.readiness)},
            {"grace", process.grace.count()}};
  // Only where it is said, so that what was applied before it could be said is still what is wanted.
  if (process.min_ready.count() > 0) text["minReady"] = process.min_ready.count();
  return base::Digest::of(base::canonical_json(text));
}

}  // namespace

void ProcessEffective::salt(const base::Digest& attempt) {
  start.spec_digest = base::Digest::of(start.spec_digest + "\n" + attempt.hex()).hex();
  digest = effective_digest(*this);
}

Result<std::unique_ptr<ProcessEffective>> resolve_process(const sync::Resource& resource,
                                                          References& references) {
  HF_TRY(const Json object, base::parse_json(resource.body));
  HF_TRY(auto spec, sync::parse_process_spec(object));
  auto process = std::make_unique<ProcessEffective>();
  process->key = resource.key;
  process->claims = {{sync::ClaimKind::kProcess, resource.key.ns + "/" + resource.key.name}};
  process->restart_policy = spec.restart_policy;
  process->grace = spec.termination_grace;
  process->min_ready = spec.min_ready;

  auto& start = process->start;
  start.id = instance_of(process->claims.front());
  HF_TRY(start.env, environment(spec, resource.key.ns, references));
  start.argv = std::move(spec.command);
  start.argv.insert(start.argv.end(), spec.args.begin(), spec.args.end());
  start.working_dir = std::move(spec.working_dir);
  start.user = std::move(spec.user);
  start.memory_bytes_max = spec.memory_bytes_max;
  start.cpu_milli_max = spec.cpu_milli_max;
  start.spec_digest = start_digest(start).hex();

  process->liveness = std::move(spec.liveness);
  process->readiness = std::move(spec.readiness);
  process->digest = effective_digest(*process);
  return process;
}

base::ProcessId instance_of(const sync::Claim& claim) {
  constexpr std::size_t kReadableMax = 80;
  std::string name = claim.value.substr(0, kReadableMax);
  for (char& c : name) {
    const bool is_safe = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    if (!is_safe) c = '.';
  }
  return {name + "-" + base::Digest::of(claim.text()).brief()};
}

}  // namespace holdfast::edge_agent
