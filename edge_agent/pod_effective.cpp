// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/pod_effective.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"
#include "base/limits/agent.hpp"
#include "base/sealing.hpp"
#include "edge_agent/network_image.hpp"
#include "edge_agent/pod_volume_effective.hpp"
#include "edge_agent/probe_digest.hpp"
#include "edge_agent/pull_secrets.hpp"
#include "sync/model/kinds.hpp"
#include "sync/model/workload_claims.hpp"

namespace holdfast::edge_agent {

using base::Json;
using base::Result;

namespace {

constexpr std::uint32_t kSharesPerCpu = 1024;
constexpr std::uint32_t kSharesMin = 2;
constexpr std::size_t kHostnameLengthMax = 63;  // kubelet's; a kernel takes 64

// ---- the container at the engine ----

void fill_security(const sync::PodSpec& pod, const sync::ContainerSpec& from, base::ContainerSpec& to) {
  const auto& security = from.security;
  if (security.user.user) to.user = std::to_string(*security.user.user);
  if (security.user.user && security.user.group) to.user += ":" + std::to_string(*security.user.group);
  to.no_new_privileges = security.allow_privilege_escalation == false;
  to.seccomp_unconfined = security.user.seccomp == sync::Seccomp::kUnconfined;
  to.privileged = security.privileged;
  to.read_only_root = security.read_only_root;
  to.capabilities_add = security.capabilities_add;
  to.capabilities_drop = security.capabilities_drop;
  if (pod.security.fs_group) to.groups.push_back(std::to_string(*pod.security.fs_group));
  for (const auto group : pod.security.supplemental_groups) to.groups.push_back(std::to_string(group));
}

void fill_resources(const sync::ContainerResources& from, base::ContainerSpec& to) {
  to.memory_bytes_max = from.memory_bytes_max;
  to.memory_bytes_low = from.memory_bytes_request;
  to.cpu_milli_max = from.cpu_milli_max;
  const auto share = from.cpu_milli_request ? from.cpu_milli_request : from.cpu_milli_max;
  if (share) to.cpu_shares = std::max(kSharesMin, *share * kSharesPerCpu / 1000);
}

/// Its log is bounded, whatever the engine does without being told.
void fill_log(base::ContainerSpec& to) {
  to.log_driver = "json-file";
  to.log_options = {{"max-size", std::to_string(base::limits::kContainerLogBytesMax)}};
}

std::vector<base::PortMapping> ports_of(const sync::ContainerSpec& from) {
  std::vector<base::PortMapping> out;
  for (const auto& port : from.ports) {
    if (port.host_port == 0) continue;
    out.push_back({.container_port = port.port,
                   .host_port = port.host_port,
                   .host_ip = port.host_address,
                   .protocol = port.protocol == sync::Protocol::kUdp ? base::PortProtocol::kUdp
                                                                     : base::PortProtocol::kTcp});
  }
  return out;
}

std::string node_ports_of(const sync::ContainerSpec& from) {
  std::string out;
  for (const auto& port : from.ports) {
    if (port.host_port == 0) continue;
    out += out.empty() ? "" : ",";
    out += (port.protocol == sync::Protocol::kUdp ? "udp/" : "tcp/") + std::to_string(port.host_port);
  }
  return out;
}

/// Name, addresses and ports are of whoever owns the network.
void fill_network(const PodId& id, const sync::PodSpec& pod, base::ContainerSpec& to) {
  if (pod.host_network) {
    to.network = base::ContainerNetwork::kHost;
    return;
  }
  to.hostname = (pod.hostname.empty() ? id.name : pod.hostname).substr(0, kHostnameLengthMax);
  to.hostname.erase(to.hostname.find_last_not_of("-.") + 1);
  for (const auto& alias : pod.host_aliases) {
    for (const auto& name : alias.names) to.extra_hosts.emplace_back(name, alias.address);
  }
}

void fill_command(const sync::ContainerSpec& from, const ContainerEnv& env, base::ContainerSpec& to) {
  if (!from.command.empty()) {
    to.entrypoint = expanded(from.command, env);
    to.arguments = std::vector<std::string>{};
  }
  if (!from.args.empty()) to.arguments = expanded(from.args, env);
}

// ---- digests ----

Json pre_stop_json(const sync::PreStop& hook) {
  if (const auto* exec = std::get_if<sync::ExecAction>(&hook)) return {{"exec", exec->command}};
  if (const auto* sleep = std::get_if<std::chrono::seconds>(&hook)) return {{"sleep", sleep->count()}};
  return nullptr;
}

Json ports_json(const base::ContainerSpec& spec) {
  Json out = Json::array();
  for (const auto& port : spec.ports)
    out.push_back({port.container_port, port.host_port, port.host_ip, static_cast<int>(port.protocol)});
  return out;
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json volume_json(const PodVolume& volume) {
  return {volume.name, static_cast<int>(volume.kind), or_null(volume.bytes_max),
          volume.path, static_cast<int>(volume.type), or_null(volume.group)};
}

Json mounts_json(const PodContainer& container) {
  Json out = Json::array();
  for (const auto& mount : container.mounts)
    out.push_back({mount.volume, mount.path, mount.sub_path, mount.read_only});
  return out;
}

/// `from` for what must not be compared expanded: a secret may have been filled in.
Json fixed_json(const sync::ContainerSpec& from, const PodContainer& container, const std::string& env) {
  const auto& spec = container.spec;
  Json out{{"name", container.name},
           {"role", static_cast<int>(container.role)},
           {"image", container.image.text()},
           {"command", from.command},
           {"args", from.args},
           {"env", env},
           {"workingDir", spec.working_dir},
           {"user", spec.user},
           {"hostname", spec.hostname},
           {"hosts", spec.extra_hosts},
           {"network", static_cast<int>(spec.network)},
           {"ports", ports_json(spec)},
           {"nodePorts", container.node_ports},
           {"mounts", mounts_json(container)},
           {"preStop", pre_stop_json(container.pre_stop)},
           {"security",
            {spec.read_only_root, spec.privileged, spec.no_new_privileges, spec.seccomp_unconfined,
             spec.capabilities_add, spec.capabilities_drop, spec.groups, container.non_root}},
           {"limits",
            {or_null(spec.memory_bytes_max), or_null(spec.memory_bytes_low), or_null(spec.cpu_milli_max),
             or_null(spec.cpu_shares)}}};
  // How it is given them is the machine's business; one that asks for none has the digest that it always had.
  if (container.gpus > 0) out["gpus"] = container.gpus;
  return out;
}

Json kept_json(const PodContainer& container) {
  return {{"probes",
           {probe_json(container.liveness), probe_json(container.readiness), probe_json(container.startup)}},
          {"pull", static_cast<int>(container.pull_policy)}};
}

// ---- the pod ----

class PodBuilder {
 public:
  PodBuilder(const PodId& id, const sync::PodTemplate& pod, References& references, const PodContext& context)
      : id_(id), pod_(pod), references_(references), context_(context) {}

  Result<PodWanted> build(const sync::ResourceKey& owner) {
    out_.id = id_;
    out_.owner = owner;
    out_.restart_policy = pod_.spec.restart_policy;
    out_.grace = pod_.spec.termination_grace;
    shares_ = sync::has_network_container(pod_.spec);
    if (shares_) add_network();
    for (const auto& container : pod_.spec.init_containers)
      HF_CHECK(add(container, container.is_sidecar ? ContainerRole::kSidecar : ContainerRole::kInit));
    for (const auto& container : pod_.spec.containers) HF_CHECK(add(container, ContainerRole::kMain));
    for (const auto& volume : pod_.spec.volumes) HF_CHECK(add_volume(volume));
    // By its label it is stopped when nobody knows more of it: so another grace is another pod, as Kubernetes has it.
    fixed_.push_back(out_.grace.count());
    // As in Kubernetes any change of their template is a rollout; that of a Pod itself touches nothing.
    if (owner.kind == "Deployment" || owner.kind == "DaemonSet")
      fixed_.push_back({{"labels", pod_.labels}, {"annotations", pod_.annotations}});
    out_.digest = base::Digest::of(base::canonical_json(fixed_));
    kept_.push_back(static_cast<int>(out_.restart_policy));
    out_.kept = base::Digest::of(base::canonical_json(kept_));
    return std::move(out_);
  }

 private:
  /// Does nothing but be there; needs nothing of the machine.
  void add_network() {
    PodContainer container;
    container.role = ContainerRole::kNetwork;
    container.name = sync::kNetworkContainer;
    container.spec.name = base::ContainerName(sync::container_name(id_.ns, id_.name, container.name));
    container.claim = {sync::ClaimKind::kContainer, container.spec.name.str()};
    auto& spec = container.spec;
    spec.entrypoint = std::vector<std::string>{kNetworkProgram, kNetworkCommand};
    spec.arguments = std::vector<std::string>{};
    spec.ipc_is_shareable = true;
    spec.read_only_root = true;
    spec.no_new_privileges = true;
    spec.capabilities_drop = {"ALL"};
    fill_network(id_, pod_.spec, spec);
    for (const auto* list : {&pod_.spec.init_containers, &pod_.spec.containers}) {
      for (const auto& from : *list) {
        for (auto& port : ports_of(from)) spec.ports.push_back(std::move(port));
        if (auto held = node_ports_of(from); !held.empty())
          container.node_ports += (container.node_ports.empty() ? "" : ",") + held;
      }
    }
    fixed_.push_back({spec.hostname, spec.extra_hosts, ports_json(spec)});
    out_.containers.push_back(std::move(container));
  }

  base::Status add(const sync::ContainerSpec& from, ContainerRole role) {
    HF_TRY(auto env, container_env({id_, pod_, from}, references_, context_));
    PodContainer container;
    container.role = role;
    container.name = from.name;
    const std::string name = sync::container_name(id_.ns, id_.name, from.name);
    container.claim = {sync::ClaimKind::kContainer, name};
    container.image = from.image;
    container.pull_policy = from.pull_policy;
    HF_TRY(auto pull,
           pull_secrets_of(id_.ns, pod_.spec.image_pull_secrets, from.image, references_, context_.secrets));
    container.pull_credentials = std::move(pull.credentials);
    if (pull.unreadable) out_.unreadable = std::move(pull.unreadable);
    container.liveness = from.liveness;
    container.readiness = from.readiness;
    container.startup = from.startup;
    container.pre_stop = from.pre_stop;
    container.node_ports = node_ports_of(from);
    container.mounts = from.mounts;
    container.gpus = from.resources.gpus;
    container.non_root = from.security.user.non_root.value_or(false);
    auto& spec = container.spec;
    spec.name = base::ContainerName(name);
    spec.working_dir = from.working_dir;
    fill_command(from, env, spec);
    if (!shares_) fill_network(id_, pod_.spec, spec);
    if (!shares_ && !pod_.spec.host_network) spec.ports = ports_of(from);
    fill_security(pod_.spec, from, spec);
    fill_resources(from.resources, spec);
    fill_log(spec);
    spec.env = std::move(env.variables);
    if (env.unreadable) out_.unreadable = env.unreadable;
    if (!env.missing.empty())
      lacks(
          {.reason = "CreateContainerConfigError", .message = "container " + from.name + ": " + env.missing});
    out_.wants_address = out_.wants_address || env.wants_address;
    fixed_.push_back(fixed_json(from, container, env.stands_for));
    kept_.push_back(kept_json(container));
    out_.containers.push_back(std::move(container));
    return {};
  }

  /// Its files change in place, unless the pod asks to be made anew.
  base::Status add_volume(const sync::VolumeSpec& spec) {
    HF_TRY(auto resolved, resolve_volume(id_, spec, references_, context_));
    resolved.volume.group = pod_.spec.security.fs_group;
    if (resolved.unreadable) out_.unreadable = resolved.unreadable;
    if (!resolved.missing.empty())
      lacks({.reason = "FailedMount", .message = "volume " + spec.name + ": " + resolved.missing});
    fixed_.push_back(volume_json(resolved.volume));
    (restarts_on_change(pod_) ? fixed_ : kept_).push_back(resolved.volume.digest.hex());
    out_.volumes.push_back(std::move(resolved.volume));
    return {};
  }

  /// The first that is found is told.
  void lacks(PodLack lack) {
    if (out_.lack) return;
    lack.message = "pod " + id_.name + ": " + lack.message + "; add it, or write optional: true";
    out_.lack = std::move(lack);
  }

  const PodId& id_;
  const sync::PodTemplate& pod_;
  References& references_;
  const PodContext& context_;
  PodWanted out_;
  bool shares_ = false;  ///< one container owns the network of all
  Json fixed_ = Json::array();
  Json kept_ = Json::array();
};

}  // namespace

std::uint32_t PodWanted::gpus() const {
  std::uint32_t beside = 0;
  std::uint32_t main = 0;
  std::uint32_t init = 0;
  for (const auto& container : containers) {
    if (container.role == ContainerRole::kSidecar) beside += container.gpus;
    if (container.role == ContainerRole::kMain) main += container.gpus;
    if (container.role == ContainerRole::kInit) init = std::max(init, container.gpus);
  }
  return beside + std::max(main, init);
}

/// What may be secret is gone for good.
void PodWanted::shed() {
  for (auto& volume : volumes) {
    for (auto& file : volume.files) base::wipe(file.content);
    volume.files.clear();
  }
  is_shed = true;
  for (auto& container : containers) {
    auto& spec = container.spec;
    base::wipe_secrets(spec);
    base::wipe(container.pull_credentials.password);
    container.pull_credentials = {};
    base::ContainerSpec left;
    left.name = spec.name;
    left.network = spec.network;
    spec = std::move(left);
  }
}

Result<PodWanted> resolve_pod(const PodId& id, const sync::ResourceKey& owner, const sync::PodTemplate& pod,
                              References& references, const PodContext& context) {
  return PodBuilder(id, pod, references, context).build(owner);
}

base::Digest whole_digest(const PodWanted& pod) {
  return base::Digest::of(pod.digest.hex() + pod.kept.hex());
}

void PodEffective::salt(const base::Digest& attempt) {
  Effective::salt(attempt);
  pod.digest = base::Digest::of(pod.digest.hex() + "\n" + attempt.hex());
  is_hook = true;
}

Result<std::unique_ptr<PodEffective>> resolve_pod_resource(const sync::Resource& resource,
                                                           References& references,
                                                           const PodContext& context) {
  HF_TRY(const Json object, base::parse_json(resource.body));
  HF_TRY(const auto pod, sync::parse_pod(object));
  auto out = std::make_unique<PodEffective>();
  out->key = resource.key;
  out->claims = sync::claims_of_pod(resource.key.ns, resource.key.name, pod.spec);
  HF_TRY(out->pod, resolve_pod({resource.key.ns, resource.key.name}, resource.key, pod, references, context));
  out->digest = whole_digest(out->pod);
  out->gpus = out->pod.gpus();
  return out;
}

}  // namespace holdfast::edge_agent
