// SPDX-License-Identifier: Apache-2.0
// Why: the answer to "why is this resource as it is": where it came from, what blocks it, what happens next.
// Threads: one, the engine's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sync/model/desired_state.hpp"
#include "sync/model/snapshot.hpp"

namespace holdfast::edge_agent {

struct Parts;

struct Why {
  sync::ResourceKey key;
  std::string application;
  std::optional<sync::Provenance> provenance;
  sync::ResourceStatus status;
  std::string blocked_by;  ///< empty: nothing
  std::string next;        ///< what happens next and when
};

base::Result<std::vector<Why>> explain(const Parts& parts, const std::string& brief);

}  // namespace holdfast::edge_agent
