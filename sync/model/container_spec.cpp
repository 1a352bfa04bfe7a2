// SPDX-License-Identifier: Apache-2.0
#include "sync/model/container_spec.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/limits/model.hpp"
#include "sync/model/claim.hpp"
#include "sync/model/command.hpp"
#include "sync/model/container_fields.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/host_address.hpp"
#include "sync/model/ids.hpp"
#include "sync/model/probe.hpp"
#include "sync/model/text.hpp"
#include "sync/model/words.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Result;
using base::Status;
namespace limits = base::limits;
using std::chrono::seconds;

constexpr Words<PullPolicy, 3> kPullPolicies{{{{PullPolicy::kAlways, "Always"},
                                               {PullPolicy::kIfNotPresent, "IfNotPresent"},
                                               {PullPolicy::kNever, "Never"}}}};

// ---- ports ----

Result<Protocol> parse_protocol(std::string_view word) {
  if (word == "TCP") return Protocol::kTcp;
  if (word == "UDP") return Protocol::kUdp;
  if (word == "SCTP") return fail(Code::kUnsupported, "\"SCTP\" is not supported; there are TCP and UDP");
  return fail(Code::kInvalid, "must be one of TCP, UDP");
}

/// An IANA service name: at most 15 of a to z, 0 to 9 and '-', with a letter in it.
Result<std::string> parse_port_name(std::string_view name) {
  constexpr std::size_t kLengthMax = 15;
  const bool has_letter = std::any_of(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  if (has_letter && name.size() <= kLengthMax && name.find("--") == std::string_view::npos &&
      check_short_name(name, "")) {
    return std::string(name);
  }
  return fail(Code::kInvalid,
              in_quotes(name) + " must be at most 15 lower-case letters, digits and '-', with a letter");
}

FieldRead port_field(std::uint16_t& out) {
  return [&out](const Json& value, const std::string& where) -> Status {
    std::int64_t port = 0;
    HF_CHECK(number_field(port, 1, 65'535)(value, where));
    out = static_cast<std::uint16_t>(port);
    return {};
  };
}

Result<ContainerPort> parse_port(const Json& value, const std::string& where) {
  ContainerPort port;
  ObjectReader in(value, where);
  in.required("containerPort", port_field(port.port))
      .optional("hostPort", port_field(port.host_port))
      .optional("hostIP", text_field(port.host_address, parse_ip_address))
      .optional("name", text_field(port.name, parse_port_name))
      .optional("protocol", text_field(port.protocol, parse_protocol));
  HF_CHECK(in.finish());
  if (port.host_port == 0 && !port.host_address.empty()) {
    return fail(Code::kInvalid, where + ".hostIP: means nothing without hostPort; write one, or take it out");
  }
  return port;
}

Result<NamedPorts> named_ports(const std::vector<ContainerPort>& ports, const std::string& where) {
  NamedPorts names;
  for (const auto& port : ports) {
    if (port.name.empty() || names.emplace(port.name, port.port).second) continue;
    return fail(Code::kInvalid, where + ": the name " + in_quotes(port.name) + " is there twice; change one");
  }
  return names;
}

// ---- lifecycle ----

Status read_pre_stop(const Json& value, const std::string& where, PreStop& out) {
  ObjectReader in(value, where);
  HF_CHECK(apply_rules(kLifecycleHandlerFields, value, where, in));
  in.optional("exec", document_field(out, parse_container_exec))
      .optional("sleep", [&](const Json& sleep, const std::string& at) -> Status {
        seconds time{0};
        ObjectReader of_sleep(sleep, at);
        of_sleep.required("seconds", seconds_field(time, seconds{1}, limits::kTerminationGraceMax));
        HF_CHECK(of_sleep.finish());
        out = time;
        return {};
      });
  HF_CHECK(in.finish());
  if (in.has("exec") != in.has("sleep")) return {};
  return fail(Code::kInvalid, where + ": exactly one of exec and sleep must be given");
}

Status read_lifecycle(const Json& value, const std::string& where, PreStop& out) {
  ObjectReader in(value, where);
  HF_CHECK(apply_rules(kLifecycleFields, value, where, in));
  in.optional("preStop",
              [&](const Json& hook, const std::string& at) { return read_pre_stop(hook, at, out); });
  return in.finish();
}

// ---- the container ----

Result<std::string> parse_working_dir(std::string_view path) {
  if (path == "/") return std::string(path);
  return normal_path(path);
}

FieldRead probe_field(std::optional<Probe>& out, ProbeUse use, const NamedPorts& ports) {
  return [&out, use, &ports](const Json& value, const std::string& where) -> Status {
    HF_TRY(out, parse_container_probe(value, where, use, ports));
    return {};
  };
}

Status check_command_line(const ContainerSpec& spec, const std::string& where) {
  if (!spec.command.empty() && spec.command.front().empty()) {
    return fail(Code::kInvalid, where + ".command: must name a program");
  }
  std::vector<std::string> whole = spec.command;
  whole.insert(whole.end(), spec.args.begin(), spec.args.end());
  return in_field(check_arguments(whole), where + ": command and args together");
}

Status check_mounts(const std::vector<VolumeMount>& mounts, const std::string& where) {
  std::set<std::string_view> paths;
  for (const auto& mount : mounts) {
    if (paths.insert(mount.path).second) continue;
    return fail(Code::kInvalid,
                where + ": the mountPath " + in_quotes(mount.path) + " is there twice; remove one");
  }
  return {};
}

Status read_restart_policy(const Json& value, ContainerRole role, bool& is_sidecar) {
  HF_TRY(const std::string word, string_of(value));
  if (role == ContainerRole::kMain) {
    return fail(Code::kInvalid, "is of init containers alone; write the pod's");
  }
  if (word != "Always")
    return fail(Code::kInvalid, "must be Always, which makes it a sidecar; or take it out");
  is_sidecar = true;
  return {};
}

/// As Kubernetes has it: what ends before the next one starts is neither probed nor asked to stop.
Status check_role(const ContainerSpec& spec, const ObjectReader& in, const std::string& where,
                  ContainerRole role) {
  if (role == ContainerRole::kMain || spec.is_sidecar) return {};
  for (const std::string_view field : {"livenessProbe", "readinessProbe", "startupProbe", "lifecycle"}) {
    if (!in.has(field)) continue;
    return fail(Code::kInvalid,
                where + "." + std::string(field) +
                    ": an init container has none, unless restartPolicy: Always makes it a sidecar");
  }
  return {};
}

}  // namespace

Result<ContainerSpec> parse_container(const Json& value, const std::string& where, ContainerRole role) {
  ContainerSpec spec;
  std::optional<PullPolicy> policy;
  NamedPorts ports;
  ObjectReader in(value, where);
  HF_CHECK(apply_rules(kContainerFields, value, where, in));
  in.required("name", spec.name)
      .required("image", text_field(spec.image, ImageRef::parse))
      .optional("imagePullPolicy",
                text_field(policy, [](std::string_view word) { return kPullPolicies.parse(word, ""); }))
      .optional("command", spec.command)
      .optional("args", spec.args)
      .optional("workingDir", text_field(spec.working_dir, parse_working_dir))
      .each("env", document_elements(spec.env, limits::kCommandArgumentsMax, parse_pod_variable))
      .each("envFrom", document_elements(spec.env_from, limits::kEnvFromMax, parse_env_from))
      .each("ports", document_elements(spec.ports, limits::kPortsPerContainerMax, parse_port))
      .optional("resources", document_field(spec.resources, parse_container_resources))
      .optional("restartPolicy",
                [&](const Json& word, const std::string&) {
                  return read_restart_policy(word, role, spec.is_sidecar);
                })
      .optional("securityContext", document_field(spec.security, parse_container_security))
      .each("volumeMounts",
            document_elements(spec.mounts, limits::kMountsPerContainerMax, parse_volume_mount));
  HF_TRY(ports, named_ports(spec.ports, where + ".ports"));
  in.optional("livenessProbe", probe_field(spec.liveness, ProbeUse::kLiveness, ports))
      .optional("readinessProbe", probe_field(spec.readiness, ProbeUse::kReadiness, ports))
      .optional("startupProbe", probe_field(spec.startup, ProbeUse::kStartup, ports))
      .optional("lifecycle", [&](const Json& hooks, const std::string& at) {
        return read_lifecycle(hooks, at, spec.pre_stop);
      });
  HF_CHECK(in.finish());
  HF_CHECK(check_short_name(spec.name, where + ".name"));
  HF_CHECK(check_command_line(spec, where));
  HF_CHECK(check_pod_variables(spec.env, where + ".env"));
  HF_CHECK(check_mounts(spec.mounts, where + ".volumeMounts"));
  HF_CHECK(check_role(spec, in, where, role));
  spec.pull_policy = policy.value_or(
      spec.image.tag == "latest" && !spec.image.digest ? PullPolicy::kAlways : PullPolicy::kIfNotPresent);
  return spec;
}

}  // namespace holdfast::sync
