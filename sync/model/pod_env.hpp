// SPDX-License-Identifier: Apache-2.0
// The environment of a container: where each variable's value comes from, and $(NAME) in values and arguments.
// https://kubernetes.io/docs/tasks/inject-data-application/
// Threads: plain values and pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "sync/model/file_spec.hpp"

namespace holdfast::sync {

struct ConfigMapKey {
  KeyRef ref;
  bool optional = false;  ///< no variable where there is no such key
  bool operator==(const ConfigMapKey&) const = default;
};
struct SecretKey {
  KeyRef ref;
  bool optional = false;
  bool operator==(const SecretKey&) const = default;
};

/// fieldRef
struct PodField {
  enum class Kind { kName, kNamespace, kLabel, kAnnotation, kNodeName, kHostIp };
  Kind kind = Kind::kName;
  std::string key;  ///< of a label or annotation; one that the pod does not have is empty
  bool operator==(const PodField&) const = default;
};

/// resourceFieldRef: the number, rounded up to whole divisors; what the node has where there is no limit.
struct ResourceField {
  enum class Kind { kLimitsCpu, kLimitsMemory, kRequestsCpu, kRequestsMemory };
  Kind kind = Kind::kLimitsCpu;
  std::string container;               ///< of the same pod; empty: the container itself
  std::int64_t divisor_milli = 1'000;  ///< in thousandths, never 0
  bool operator==(const ResourceField&) const = default;
};

struct PodVariable {
  std::string name;
  std::variant<std::string, ConfigMapKey, SecretKey, PodField, ResourceField> value;
  bool operator==(const PodVariable&) const = default;
};

/// envFrom: every key of a ConfigMap or Secret is a variable; `env` overrules.
struct EnvFrom {
  enum class Kind { kConfigMap, kSecret };
  Kind kind = Kind::kConfigMap;
  std::string name;
  std::string prefix;
  bool optional = false;
  bool operator==(const EnvFrom&) const = default;
};

base::Result<PodVariable> parse_pod_variable(const base::Json& value, const std::string& where);
base::Result<EnvFrom> parse_env_from(const base::Json& value, const std::string& where);
/// Bounded, each name once. `where` is "spec.containers[0].env".
base::Status check_pod_variables(const std::vector<PodVariable>& variables, const std::string& where);

/// The value of a variable that is set before; nullopt: there is none of that name.
using FindVariable = std::function<std::optional<std::string>(std::string_view name)>;
/// "$(NAME)" becomes the value, or stays where there is none; "$$" becomes "$".
std::string expand_variables(std::string_view text, const FindVariable& find);
/// What resourceFieldRef gives for `milli` thousandths.
std::int64_t in_divisors(std::int64_t milli, std::int64_t divisor_milli);

}  // namespace holdfast::sync
