// SPDX-License-Identifier: Apache-2.0
// PodSpec: containers that share a node, a network and volumes, read strictly: what docs/kubernetes.md does not call honoured or ignored is an error that names the
// field and the way out. Pod is the kind itself; PodTemplate what the other workloads are made of.
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
// Threads: plain values.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "sync/model/container_spec.hpp"
#include "sync/model/labels.hpp"

namespace holdfast::sync {

/// Of a pod: "enabled" makes it anew when a file of one of its volumes changes.
inline constexpr std::string_view kAnnotationRestartOnChange = "holdfast.dev/restart-on-change";

struct HostAlias {
  std::string address;
  std::vector<std::string> names;
  bool operator==(const HostAlias&) const = default;
};

struct PodSpec {
  std::vector<ContainerSpec> init_containers;  ///< in order; sidecars among them
  std::vector<ContainerSpec> containers;       ///< at least one
  std::vector<VolumeSpec> volumes;
  RestartPolicy restart_policy = RestartPolicy::kAlways;
  std::chrono::seconds termination_grace{30};
  bool host_network = false;
  std::string hostname;  ///< empty: the pod's name
  std::vector<HostAlias> host_aliases;
  std::vector<std::string> image_pull_secrets;
  PodSecurity security;
  bool operator==(const PodSpec&) const = default;
};

struct PodTemplate {
  StringMap labels;
  StringMap annotations;
  PodSpec spec;
  bool operator==(const PodTemplate&) const = default;
};

base::Result<PodSpec> parse_pod_spec(const base::Json& value, const std::string& where);
base::Result<PodTemplate> parse_pod_template(const base::Json& value, const std::string& where);
/// Kind Pod; labels and annotations are its own metadata's.
base::Result<PodTemplate> parse_pod(const base::Json& object);

/// Whether it holds a port of the node, which no second pod can.
bool holds_host_port(const PodSpec& pod);

}  // namespace holdfast::sync
