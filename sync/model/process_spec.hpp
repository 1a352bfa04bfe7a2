// SPDX-License-Identifier: Apache-2.0
// Content of kind Process: a program supervised without a container engine. Field names and meanings are
// those of a Kubernetes container:
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
// Threads: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "sync/model/file_spec.hpp"

namespace holdfast::sync {

enum class RestartPolicy { kAlways, kOnFailure, kNever };

struct ExecAction {
  std::vector<std::string> command;
  bool operator==(const ExecAction&) const = default;
};
/// Of a container an empty host is the pod itself.
struct HttpGetAction {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::string path = "/";
  std::vector<std::pair<std::string, std::string>> headers;
  bool operator==(const HttpGetAction&) const = default;
};
struct TcpSocketAction {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  bool operator==(const TcpSocketAction&) const = default;
};

/// Defaults are Kubernetes': period 10 s, timeout 1 s, success 1, failure 3.
struct Probe {
  std::variant<ExecAction, HttpGetAction, TcpSocketAction> action;
  std::chrono::seconds initial_delay{0};
  std::chrono::seconds period{10};
  std::chrono::seconds timeout{1};
  std::int32_t success_threshold = 1;
  std::int32_t failure_threshold = 3;
  bool operator==(const Probe&) const = default;
};

struct EnvVar {
  std::string name;
  std::string value;                     ///< used where config_map_key is not set
  std::optional<KeyRef> config_map_key;  ///< valueFrom.configMapKeyRef
};

struct ProcessSpec {
  std::vector<std::string> command;  ///< at least one; command[0] absolute or looked up in PATH
  std::vector<std::string> args;
  std::vector<EnvVar> env;
  std::string working_dir = "/";
  std::string user;
  RestartPolicy restart_policy = RestartPolicy::kAlways;
  std::optional<Probe> liveness;
  std::optional<Probe> readiness;
  std::optional<std::uint64_t> memory_bytes_max;  ///< resources.limits.memory, a Kubernetes quantity
  std::optional<std::uint32_t> cpu_milli_max;     ///< resources.limits.cpu
  std::chrono::seconds termination_grace{30};
  std::chrono::seconds min_ready{0};  ///< minReadySeconds: ready for so long before it counts as healthy
};

base::Result<RestartPolicy> parse_restart_policy(std::string_view word);
base::Result<ProcessSpec> parse_process_spec(const base::Json& object);

}  // namespace holdfast::sync
