// SPDX-License-Identifier: Apache-2.0
// EngineEvents: the engine's stream of events cut into lines, within limits, each read. A line that cannot be read ends the
// stream: what it was about is not known, so everything has to be looked at.
// Threads: one.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/engine.hpp"

namespace holdfast::base {

class EngineEvents {
 public:
  /// False when nobody listens any more.
  using OnEvent = std::function<bool(const EngineEvent&)>;
  explicit EngineEvents(OnEvent on_event) : on_event_(std::move(on_event)) {}

  Status feed(std::string_view bytes);

 private:
  OnEvent on_event_;
  std::string line_;  ///< the beginning of one that is not whole
};

/// The query of a stream that misses nothing from `since` on, though the engine may begin to listen to itself only after it has
/// answered, and podman sends not even a header before the first event.
std::string events_target(WallTime since);

}  // namespace holdfast::base
