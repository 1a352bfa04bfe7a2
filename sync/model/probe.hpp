// SPDX-License-Identifier: Apache-2.0
// Reads livenessProbe and readinessProbe. Ranges are Kubernetes'; upper bounds are base/limits/'s.
// Threads: pure function.
#pragma once

#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "sync/model/process_spec.hpp"

namespace holdfast::sync {

enum class ProbeUse { kLiveness, kReadiness };

/// `where` is "spec.livenessProbe".
base::Result<Probe> parse_probe(const base::Json& value, const std::string& where, ProbeUse use);

}  // namespace holdfast::sync
