// SPDX-License-Identifier: Apache-2.0
#include "sync/model/pod_spec.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/limits/model.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/host_address.hpp"
#include "sync/model/ids.hpp"
#include "sync/model/metadata.hpp"
#include "sync/model/pod_fields.hpp"
#include "sync/model/text.hpp"

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

std::string element(const std::string& where, std::string_view list, std::size_t index) {
  return where + "." + std::string(list) + "[" + std::to_string(index) + "]";
}

// ---- small fields ----

Result<HostAlias> parse_host_alias(const Json& value, const std::string& where) {
  HostAlias alias;
  ObjectReader in(value, where);
  in.required("ip", text_field(alias.address, parse_ip_address)).optional("hostnames", alias.names);
  HF_CHECK(in.finish());
  if (alias.names.size() > limits::kHostAliasesMax) {
    return fail(Code::kLimit,
                where + ".hostnames: more than " + std::to_string(limits::kHostAliasesMax) + " entries");
  }
  for (std::size_t i = 0; i < alias.names.size(); ++i) {
    HF_CHECK(check_name(alias.names[i], element(where, "hostnames", i)));
  }
  return alias;
}

Result<std::string> parse_local_reference(const Json& value, const std::string& where) {
  std::string name;
  ObjectReader in(value, where);
  in.required("name", name);
  HF_CHECK(in.finish());
  HF_CHECK(check_name(name, where + ".name"));
  return name;
}

Status check_dns_policy(const Json& value) {
  HF_TRY(const std::string policy, string_of(value));
  if (policy == "ClusterFirst" || policy == "ClusterFirstWithHostNet" || policy == "Default") return {};
  if (policy == "None") {
    return fail(Code::kUnsupported,
                "\"None\" is not supported: a container gets the name servers of its node; set them there");
  }
  return fail(Code::kInvalid, "must be one of ClusterFirst, ClusterFirstWithHostNet, Default");
}

Result<ContainerSpec> parse_main(const Json& value, const std::string& where) {
  return parse_container(value, where, ContainerRole::kMain);
}

Result<ContainerSpec> parse_init(const Json& value, const std::string& where) {
  return parse_container(value, where, ContainerRole::kInit);
}

// ---- what the parts of a pod owe each other ----

/// Calls `check(container, where)` for each of them.
template <class Spec, class Check>
Status for_each_container(Spec& spec, const std::string& where, Check check) {
  for (std::size_t i = 0; i < spec.init_containers.size(); ++i) {
    HF_CHECK(check(spec.init_containers[i], element(where, "initContainers", i)));
  }
  for (std::size_t i = 0; i < spec.containers.size(); ++i) {
    HF_CHECK(check(spec.containers[i], element(where, "containers", i)));
  }
  return {};
}

Status check_names(const PodSpec& spec, const std::string& where) {
  std::set<std::string_view> names;
  return for_each_container(
      spec, where, [&](const ContainerSpec& container, const std::string& at) -> Status {
        if (names.insert(container.name).second) return {};
        return fail(Code::kInvalid,
                    at + ".name: " + in_quotes(container.name) + " is there twice; change one");
      });
}

Status check_volumes(const PodSpec& spec, const std::string& where) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < spec.volumes.size(); ++i) {
    if (names.insert(spec.volumes[i].name).second) continue;
    return fail(Code::kInvalid, element(where, "volumes", i) + ".name: " + in_quotes(spec.volumes[i].name) +
                                    " is there twice; change one");
  }
  return for_each_container(
      spec, where, [&](const ContainerSpec& container, const std::string& at) -> Status {
        for (std::size_t i = 0; i < container.mounts.size(); ++i) {
          if (names.contains(container.mounts[i].volume)) continue;
          return fail(Code::kInvalid, element(at, "volumeMounts", i) +
                                          ".name: " + in_quotes(container.mounts[i].volume) +
                                          " is the name of no volume of this pod");
        }
        return {};
      });
}

/// On the node's own network a port is the node's.
Status settle_ports(PodSpec& spec, const std::string& where) {
  std::set<std::pair<Protocol, std::uint16_t>> held;
  return for_each_container(spec, where, [&](ContainerSpec& container, const std::string& at) -> Status {
    for (std::size_t i = 0; i < container.ports.size(); ++i) {
      ContainerPort& port = container.ports[i];
      const std::string place = element(at, "ports", i) + ".hostPort";
      if (spec.host_network && port.host_port == 0) port.host_port = port.port;
      if (spec.host_network && port.host_port != port.port) {
        return fail(Code::kInvalid, place + ": must be containerPort with hostNetwork");
      }
      if (port.host_port == 0 || held.emplace(port.protocol, port.host_port).second) continue;
      return fail(Code::kInvalid,
                  place + ": " + std::to_string(port.host_port) + " is there twice; change one");
    }
    return {};
  });
}

Status check_hooks(const PodSpec& spec, const std::string& where) {
  return for_each_container(
      spec, where, [&](const ContainerSpec& container, const std::string& at) -> Status {
        const auto* sleep = std::get_if<seconds>(&container.pre_stop);
        if (sleep == nullptr || *sleep <= spec.termination_grace) return {};
        return fail(
            Code::kInvalid,
            at + ".lifecycle.preStop.sleep.seconds: is more than terminationGracePeriodSeconds, which is " +
                std::to_string(spec.termination_grace.count()));
      });
}

Status check_resource_fields(const PodSpec& spec, const std::string& where) {
  std::set<std::string_view> names;
  for (const auto& container : spec.init_containers) names.insert(container.name);
  for (const auto& container : spec.containers) names.insert(container.name);
  return for_each_container(
      spec, where, [&](const ContainerSpec& container, const std::string& at) -> Status {
        for (std::size_t i = 0; i < container.env.size(); ++i) {
          const auto* field = std::get_if<ResourceField>(&container.env[i].value);
          if (field == nullptr || field->container.empty() || names.contains(field->container)) continue;
          return fail(Code::kInvalid, element(at, "env", i) + ".valueFrom.resourceFieldRef.containerName: " +
                                          in_quotes(field->container) +
                                          " is the name of no container of this pod");
        }
        return {};
      });
}

Status check_whole(PodSpec& spec, const std::string& where) {
  if (spec.containers.empty())
    return fail(Code::kInvalid, where + ".containers: must hold at least one container");
  if (!spec.hostname.empty()) {
    HF_CHECK(check_short_name(spec.hostname, where + ".hostname"));
    if (spec.host_network) {
      return fail(Code::kInvalid,
                  where + ".hostname: with hostNetwork it is the node's; take one of them out");
    }
  }
  HF_CHECK(check_names(spec, where));
  HF_CHECK(check_volumes(spec, where));
  HF_CHECK(settle_ports(spec, where));
  HF_CHECK(check_hooks(spec, where));
  HF_CHECK(check_resource_fields(spec, where));
  return for_each_container(spec, where, [&spec](ContainerSpec& container, const std::string& at) {
    return inherit(spec.security, container.security, at + ".securityContext");
  });
}

Status read_template_metadata(const Json& value, const std::string& where, PodTemplate& out) {
  ObjectReader in(value, where);
  HF_CHECK(apply_rules(kTemplateMetadataFields, value, where, in));
  in.optional("labels", out.labels).optional("annotations", out.annotations);
  HF_CHECK(in.finish());
  HF_CHECK(check_labels(out.labels, where + ".labels"));
  return check_annotations(out.annotations, where + ".annotations");
}

}  // namespace

Result<PodSpec> parse_pod_spec(const Json& value, const std::string& where) {
  PodSpec spec;
  ObjectReader in(value, where);
  HF_CHECK(apply_rules(kPodSpecFields, value, where, in));
  in.each("initContainers", document_elements(spec.init_containers, limits::kContainersPerPodMax, parse_init))
      .each("containers", document_elements(spec.containers, limits::kContainersPerPodMax, parse_main))
      .each("volumes", document_elements(spec.volumes, limits::kVolumesPerPodMax, parse_volume))
      .optional("restartPolicy", text_field(spec.restart_policy, parse_restart_policy))
      .optional("terminationGracePeriodSeconds",
                seconds_field(spec.termination_grace, seconds{0}, limits::kTerminationGraceMax))
      .optional("dnsPolicy", [](const Json& policy, const std::string&) { return check_dns_policy(policy); })
      .optional("hostNetwork", spec.host_network)
      .optional("hostname", spec.hostname)
      .each("hostAliases", document_elements(spec.host_aliases, limits::kHostAliasesMax, parse_host_alias))
      .each("imagePullSecrets",
            document_elements(spec.image_pull_secrets, limits::kHostAliasesMax, parse_local_reference))
      .optional("securityContext", document_field(spec.security, parse_pod_security));
  HF_CHECK(in.finish());
  HF_CHECK(check_whole(spec, where));
  return spec;
}

Result<PodTemplate> parse_pod_template(const Json& value, const std::string& where) {
  PodTemplate out;
  ObjectReader in(value, where);
  in.optional("metadata", [&](const Json& metadata, const std::string& at) {
      return read_template_metadata(metadata, at, out);
    }).required("spec", document_field(out.spec, parse_pod_spec));
  HF_CHECK(in.finish());
  return out;
}

Result<PodTemplate> parse_pod(const Json& object) {
  PodTemplate pod;
  Metadata metadata;
  ObjectReader in(object, "");
  in.ignore("apiVersion").ignore("kind");
  in.required("metadata", document_field(metadata, parse_metadata))
      .required("spec", document_field(pod.spec, parse_pod_spec));
  HF_CHECK(in.finish());
  pod.labels = std::move(metadata.labels);
  pod.annotations = std::move(metadata.annotations);
  return pod;
}

bool holds_host_port(const PodSpec& pod) {
  const auto holds = [](const ContainerSpec& container) {
    return std::any_of(container.ports.begin(), container.ports.end(),
                       [](const ContainerPort& port) { return port.host_port != 0; });
  };
  return std::any_of(pod.init_containers.begin(), pod.init_containers.end(), holds) ||
         std::any_of(pod.containers.begin(), pod.containers.end(), holds);
}

}  // namespace holdfast::sync
