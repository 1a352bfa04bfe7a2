// SPDX-License-Identifier: Apache-2.0
#include "base/engine/engine_events.hpp"

#include <chrono>

#include "base/engine/container_json.hpp"
#include "base/engine/engine_answers.hpp"
#include "base/limits/engine.hpp"

namespace holdfast::base {

Status EngineEvents::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    line_.append(bytes.substr(0, end));
    if (line_.size() > limits::kEngineEventBytesMax) {
      return fail(Code::kLimit,
                  "an event of more than " + std::to_string(limits::kEngineEventBytesMax) + " bytes");
    }
    if (end == std::string_view::npos) return {};
    bytes.remove_prefix(end + 1);
    const std::string line = std::exchange(line_, {});
    if (line.find_first_not_of(" \r") == std::string::npos) continue;
    HF_TRY(const auto event, parse_engine_event(line));
    if (event && !on_event_(*event)) return {};
  }
  return {};
}

std::string events_target(WallTime since) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since.time_since_epoch()).count();
  return "/events?since=" + std::to_string(seconds) +
         "&filters=" + query_escaped(R"({"type":["container"]})");
}

}  // namespace holdfast::base
