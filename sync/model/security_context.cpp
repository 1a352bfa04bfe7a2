// SPDX-License-Identifier: Apache-2.0
#include "sync/model/security_context.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/limits/model.hpp"
#include "sync/model/container_fields.hpp"
#include "sync/model/fields.hpp"
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

constexpr std::int64_t kIdMax = std::numeric_limits<std::int32_t>::max();  // Kubernetes'

/// capabilities(7); one that a kernel does not have is refused by the engine there.
constexpr std::array<std::string_view, 42> kCapabilities{"ALL",
                                                         "AUDIT_CONTROL",
                                                         "AUDIT_READ",
                                                         "AUDIT_WRITE",
                                                         "BLOCK_SUSPEND",
                                                         "BPF",
                                                         "CHECKPOINT_RESTORE",
                                                         "CHOWN",
                                                         "DAC_OVERRIDE",
                                                         "DAC_READ_SEARCH",
                                                         "FOWNER",
                                                         "FSETID",
                                                         "IPC_LOCK",
                                                         "IPC_OWNER",
                                                         "KILL",
                                                         "LEASE",
                                                         "LINUX_IMMUTABLE",
                                                         "MAC_ADMIN",
                                                         "MAC_OVERRIDE",
                                                         "MKNOD",
                                                         "NET_ADMIN",
                                                         "NET_BIND_SERVICE",
                                                         "NET_BROADCAST",
                                                         "NET_RAW",
                                                         "PERFMON",
                                                         "SETFCAP",
                                                         "SETGID",
                                                         "SETPCAP",
                                                         "SETUID",
                                                         "SYSLOG",
                                                         "SYS_ADMIN",
                                                         "SYS_BOOT",
                                                         "SYS_CHROOT",
                                                         "SYS_MODULE",
                                                         "SYS_NICE",
                                                         "SYS_PACCT",
                                                         "SYS_PTRACE",
                                                         "SYS_RAWIO",
                                                         "SYS_RESOURCE",
                                                         "SYS_TIME",
                                                         "SYS_TTY_CONFIG",
                                                         "WAKE_ALARM"};

Result<std::string> parse_capability(std::string_view name) {
  if (std::find(kCapabilities.begin(), kCapabilities.end(), name) != kCapabilities.end())
    return std::string(name);
  constexpr std::string_view kPrefix = "CAP_";
  if (name.starts_with(kPrefix)) {
    return fail(Code::kInvalid, in_quotes(name) + ": write it without CAP_, as Kubernetes does");
  }
  return fail(Code::kInvalid, in_quotes(name) + " is not a capability such as \"NET_ADMIN\", or \"ALL\"");
}

Result<Seccomp> parse_seccomp_type(std::string_view type) {
  if (type == "RuntimeDefault") return Seccomp::kRuntimeDefault;
  if (type == "Unconfined") return Seccomp::kUnconfined;
  if (type == "Localhost") {
    return fail(Code::kUnsupported,
                "\"Localhost\" is not supported; write RuntimeDefault, and the profile into the engine's "
                "configuration");
  }
  return fail(Code::kInvalid, "must be one of RuntimeDefault, Unconfined");
}

Result<Seccomp> parse_seccomp(const Json& value, const std::string& where) {
  Seccomp type = Seccomp::kRuntimeDefault;
  ObjectReader in(value, where);
  HF_CHECK(apply_rules(kSeccompProfileFields, value, where, in));
  in.required("type", text_field(type, parse_seccomp_type));
  HF_CHECK(in.finish());
  return type;
}

void read_user(ObjectReader& in, UserSecurity& user) {
  in.optional("runAsUser", number_field(user.user, 0, kIdMax))
      .optional("runAsGroup", number_field(user.group, 0, kIdMax))
      .optional("runAsNonRoot", flag_field(user.non_root))
      .optional("seccompProfile", document_field(user.seccomp, parse_seccomp));
}

Status read_capabilities(const Json& value, const std::string& where, ContainerSecurity& security) {
  ObjectReader in(value, where);
  in.each("add", text_elements(security.capabilities_add, kCapabilities.size(), parse_capability))
      .each("drop", text_elements(security.capabilities_drop, kCapabilities.size(), parse_capability));
  std::sort(security.capabilities_add.begin(), security.capabilities_add.end());
  std::sort(security.capabilities_drop.begin(), security.capabilities_drop.end());
  return in.finish();
}

Result<std::uint32_t> parse_group(const Json& value, const std::string& where) {
  std::uint32_t group = 0;
  HF_CHECK(number_field(group, 0, kIdMax)(value, where));
  return group;
}

}  // namespace

Result<PodSecurity> parse_pod_security(const Json& value, const std::string& where) {
  PodSecurity security;
  ObjectReader in(value, where);
  HF_CHECK(apply_rules(kPodSecurityContextFields, value, where, in));
  read_user(in, security.user);
  in.optional("fsGroup", number_field(security.fs_group, 0, kIdMax))
      .each("supplementalGroups",
            document_elements(security.supplemental_groups, base::limits::kLabelsMax, parse_group));
  HF_CHECK(in.finish());
  return security;
}

Result<ContainerSecurity> parse_container_security(const Json& value, const std::string& where) {
  ContainerSecurity security;
  ObjectReader in(value, where);
  HF_CHECK(apply_rules(kSecurityContextFields, value, where, in));
  read_user(in, security.user);
  in.optional("allowPrivilegeEscalation", flag_field(security.allow_privilege_escalation))
      .optional("capabilities",
                [&](const Json& capabilities, const std::string& at) {
                  return read_capabilities(capabilities, at, security);
                })
      .optional("privileged", security.privileged)
      .optional("readOnlyRootFilesystem", security.read_only_root);
  HF_CHECK(in.finish());
  return security;
}

Status inherit(const PodSecurity& pod, ContainerSecurity& container, const std::string& where) {
  UserSecurity& user = container.user;
  if (!user.user) user.user = pod.user.user;
  if (!user.group) user.group = pod.user.group;
  if (!user.non_root) user.non_root = pod.user.non_root;
  if (!user.seccomp) user.seccomp = pod.user.seccomp;
  if (user.non_root.value_or(false) && user.user == 0U) {
    return fail(Code::kInvalid,
                where + ": runAsNonRoot: true and runAsUser: 0 contradict each other; change one");
  }
  const auto& add = container.capabilities_add;
  const bool may_everything = container.privileged ||
                              std::find(add.begin(), add.end(), "SYS_ADMIN") != add.end() ||
                              std::find(add.begin(), add.end(), "ALL") != add.end();
  if (may_everything && container.allow_privilege_escalation == false) {
    return fail(Code::kInvalid,
                where +
                    ": allowPrivilegeEscalation: false contradicts privileged and SYS_ADMIN, which may "
                    "everything; change one");
  }
  return {};
}

}  // namespace holdfast::sync
