// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/node_conditions.hpp"

#include <algorithm>

namespace holdfast::edge_agent {
namespace {

sync::Condition of_engine(const base::Error* trouble) {
  sync::Condition condition{"EngineDown", "True", "", ""};
  condition.reason = "EngineDown";
  if (trouble != nullptr) {
    condition.message = trouble->message();
    return condition;
  }
  condition.status = "False";
  condition.reason = "EngineReady";
  condition.message = "the container engine answers";
  return condition;
}

}  // namespace

std::vector<sync::Condition> NodeConditions::look(const base::Error* engine_trouble) {
  auto out = machines_;
  engine_was_missed_ = engine_was_missed_ || engine_trouble != nullptr;
  if (engine_was_missed_) out.push_back(of_engine(engine_trouble));
  return out;
}

void tell_conditions(const std::vector<sync::Condition>& before, const std::vector<sync::Condition>& now,
                     EventBook& events) {
  for (const auto& condition : now) {
    const auto known = std::ranges::find(before, condition.type, &sync::Condition::type);
    const bool was = known != before.end() && known->status == "True";
    const bool is = condition.status == "True";
    if (is && !was) events.warning(condition.type, {}, condition.message);
    if (was && !is) events.normal(condition.reason, {}, condition.type + " is over");
  }
}

}  // namespace holdfast::edge_agent
