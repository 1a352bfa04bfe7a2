// SPDX-License-Identifier: Apache-2.0
// What of a probe counts in the digest of the resource that has it. One for processes and for containers.
// Threads: pure function.
#pragma once

#include <optional>

#include "base/json.hpp"
#include "sync/model/probe.hpp"

namespace holdfast::edge_agent {

/// null: there is none.
base::Json probe_json(const std::optional<sync::Probe>& probe);

}  // namespace holdfast::edge_agent
