// SPDX-License-Identifier: Apache-2.0
// Security contexts of a pod and of its containers.
// https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
// Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace holdfast::sync {

enum class Seccomp { kRuntimeDefault, kUnconfined };

/// What a container has from its pod unless it says otherwise.
struct UserSecurity {
  std::optional<std::uint32_t> user;  ///< none: the image's
  std::optional<std::uint32_t> group;
  std::optional<bool> non_root;    ///< the driver refuses an image whose user is root or has no number
  std::optional<Seccomp> seccomp;  ///< none: the engine's default
  bool operator==(const UserSecurity&) const = default;
};

struct PodSecurity {
  UserSecurity user;
  std::optional<std::uint32_t> fs_group;
  std::vector<std::uint32_t> supplemental_groups;
  bool operator==(const PodSecurity&) const = default;
};

struct ContainerSecurity {
  UserSecurity user;
  std::optional<bool> allow_privilege_escalation;  ///< false: no_new_privs
  bool privileged = false;
  bool read_only_root = false;
  std::vector<std::string> capabilities_add;   ///< sorted, without "CAP_"; "ALL" is all
  std::vector<std::string> capabilities_drop;  ///< the same
  bool operator==(const ContainerSecurity&) const = default;
};

base::Result<PodSecurity> parse_pod_security(const base::Json& value, const std::string& where);
base::Result<ContainerSecurity> parse_container_security(const base::Json& value, const std::string& where);
/// Fills in what the container leaves to its pod; an error where the two together cannot be. `where` is the container's.
base::Status inherit(const PodSecurity& pod, ContainerSecurity& container, const std::string& where);

}  // namespace holdfast::sync
