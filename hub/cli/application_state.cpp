// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/application_state.hpp"

#include <nlohmann/json.hpp>

#include "hub/cli/object_fields.hpp"

namespace holdfast::cli {

using base::Json;

namespace {

bool is_current(const Json& application) {
  if (operation_of(application).phase == "Running") return false;
  if (find_at(application, "status/observedGeneration") == nullptr) return true;
  return number_at(application, "status/observedGeneration") >= number_at(application, "metadata/generation");
}

std::string or_unknown(const std::string& text) { return text.empty() ? "Unknown" : text; }

std::string nodes_text(const Json& application) {
  const auto count = [&](const char* name) {
    return number_at(application, std::string("status/nodes/") + name);
  };
  if (count("total") == 0) return "no node has it";
  auto out = std::to_string(count("updated")) + " of " + std::to_string(count("total")) +
             " nodes are updated, " + std::to_string(count("ready")) + " ready";
  if (count("deferred") > 0) out += ", " + std::to_string(count("deferred")) + " away";
  if (count("failed") > 0) out += ", " + std::to_string(count("failed")) + " failed";
  return out;
}

}  // namespace

std::string word(Awaited awaited) { return awaited == Awaited::kSynced ? "synced" : "healthy"; }

OperationState operation_of(const Json& application) {
  return {text_at(application, "status/operation/startedAt"), text_at(application, "status/operation/phase"),
          text_at(application, "status/operation/message")};
}

bool holds(const Json& application, Awaited awaited) {
  if (!is_current(application)) return false;
  return awaited == Awaited::kSynced ? text_at(application, "status/sync") == "Synced"
                                     : text_at(application, "status/health") == "Healthy";
}

std::string state_text(const Json& application) {
  auto out = "sync is " + or_unknown(text_at(application, "status/sync")) + ", health is " +
             or_unknown(text_at(application, "status/health")) + "; " + nodes_text(application);
  if (const auto operation = operation_of(application); operation.phase == "Running") {
    out += "; a sync is running: " + operation.message;
  }
  for (const auto& condition : list_at(application, "status/conditions")) {
    if (text_at(condition, "status") != "True") continue;
    out += "\n  " + text_at(condition, "type") + ": " + text_at(condition, "message");
  }
  return out;
}

}  // namespace holdfast::cli
