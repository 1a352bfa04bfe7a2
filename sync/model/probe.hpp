// SPDX-License-Identifier: Apache-2.0
// Reads the probes of a Process and of a container. Ranges are Kubernetes'; upper bounds are base/limits/'s.
// Threads: pure function.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "sync/model/process_spec.hpp"

namespace holdfast::sync {

enum class ProbeUse { kLiveness, kReadiness, kStartup };
/// Of a container: its ports by their names.
using NamedPorts = std::map<std::string, std::uint16_t, std::less<>>;

/// Of a Process. `where` is "spec.livenessProbe".
base::Result<Probe> parse_probe(const base::Json& value, const std::string& where, ProbeUse use);
/// Of a container: where no host is said it stays empty, which is the pod; a port may be a name; a command may be relative to its
/// working folder.
base::Result<Probe> parse_container_probe(const base::Json& value, const std::string& where, ProbeUse use,
                                          const NamedPorts& ports);
/// {command} of a container's probe or hook.
base::Result<ExecAction> parse_container_exec(const base::Json& value, const std::string& where);

}  // namespace holdfast::sync
