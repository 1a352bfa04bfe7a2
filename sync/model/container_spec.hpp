// SPDX-License-Identifier: Apache-2.0
// ContainerSpec: a container of a pod, read strictly. What each field means on a node, and which are refused, says docs/kubernetes.md.
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Container
// Threads: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "sync/model/container_resources.hpp"
#include "sync/model/image_ref.hpp"
#include "sync/model/pod_env.hpp"
#include "sync/model/process_spec.hpp"
#include "sync/model/security_context.hpp"
#include "sync/model/volume_spec.hpp"

namespace holdfast::sync {

enum class PullPolicy { kAlways, kIfNotPresent, kNever };
enum class Protocol { kTcp, kUdp };

struct ContainerPort {
  std::string name;
  std::uint16_t port = 0;
  std::uint16_t host_port = 0;  ///< 0: none
  std::string host_address;     ///< empty: all
  Protocol protocol = Protocol::kTcp;
  bool operator==(const ContainerPort&) const = default;
};

/// lifecycle.preStop: nothing, a command in the container, or a time to wait before SIGTERM.
using PreStop = std::variant<std::monostate, ExecAction, std::chrono::seconds>;

struct ContainerSpec {
  std::string name;
  ImageRef image;
  PullPolicy pull_policy =
      PullPolicy::kIfNotPresent;     ///< kAlways where neither digest nor a tag other than latest is written
  std::vector<std::string> command;  ///< empty: the image's entrypoint
  std::vector<std::string> args;
  std::string working_dir;  ///< empty: the image's
  std::vector<PodVariable> env;
  std::vector<EnvFrom> env_from;
  std::vector<ContainerPort> ports;
  ContainerResources resources;
  std::optional<Probe> liveness;
  std::optional<Probe> readiness;
  std::optional<Probe> startup;
  PreStop pre_stop;
  std::vector<VolumeMount> mounts;
  ContainerSecurity security;  ///< with what it has from the pod
  bool is_sidecar = false;     ///< an init container with restartPolicy: Always
  bool operator==(const ContainerSpec&) const = default;
};

enum class ContainerRole { kMain, kInit };

/// What needs no other part of the pod is checked; the rest by the pod's reader.
base::Result<ContainerSpec> parse_container(const base::Json& value, const std::string& where,
                                            ContainerRole role);

}  // namespace holdfast::sync
