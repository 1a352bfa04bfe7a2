// SPDX-License-Identifier: Apache-2.0
// What a container may have of its node: CPUs, memory and GPUs.
// https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
// Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"

namespace holdfast::sync {

/// A request that is not written is the limit, as in Kubernetes.
struct ContainerResources {
  std::optional<std::uint32_t> cpu_milli_max;
  std::optional<std::uint64_t> memory_bytes_max;
  std::optional<std::uint32_t> cpu_milli_request;     ///< its share where CPUs are short
  std::optional<std::uint64_t> memory_bytes_request;  ///< what it keeps where memory is short
  std::uint32_t gpus = 0;                             ///< nvidia.com/gpu
  bool operator==(const ContainerResources&) const = default;
};

base::Result<ContainerResources> parse_container_resources(const base::Json& value, const std::string& where);

}  // namespace holdfast::sync
