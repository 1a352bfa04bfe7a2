// SPDX-License-Identifier: Apache-2.0
// ProcessEffective: a Process with its references filled in. Two digests: the one of everything, and the one
// of what cannot change while it runs; a new probe or restart policy alone restarts nothing.
// Threads: a plain value; resolve_process is pure.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/host.hpp"
#include "edge_agent/driver.hpp"
#include "sync/model/process_spec.hpp"

namespace holdfast::edge_agent {

struct ProcessEffective final : Effective {
  void salt(const base::Digest& attempt) override;
  base::ProcessStart start;  ///< without mark
  sync::RestartPolicy restart_policy = sync::RestartPolicy::kAlways;
  std::optional<sync::Probe> liveness;
  std::optional<sync::Probe> readiness;
  std::chrono::milliseconds grace{0};
  std::chrono::milliseconds min_ready{0};
};

base::Result<std::unique_ptr<ProcessEffective>> resolve_process(const sync::Resource& resource,
                                                                References& references);

/// A name for the run folder that two claims never share: "default.camera-3f2a9c0b11d4".
base::ProcessId instance_of(const sync::Claim& claim);

}  // namespace holdfast::edge_agent
