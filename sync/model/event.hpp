// SPDX-License-Identifier: Apache-2.0
// Event: something that happened once and a person may want to read, on a node or at the hub.
// Threads: plain values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace holdfast::sync {

enum class EventType { kNormal, kWarning };

struct Event {
  base::WallTime time{};
  EventType type = EventType::kNormal;
  std::string reason;       ///< CamelCase: "Applied", "DriftHealed", "Pruned", "RolledBack", "Quarantined", …
  std::string application;  ///< name; may be empty
  std::string resource;     ///< brief of the key; may be empty
  std::string message;
  bool operator==(const Event&) const = default;
};

std::string encode_events(const std::vector<Event>& events);
base::Result<std::vector<Event>> decode_events(std::string_view bytes);

}  // namespace holdfast::sync
