// SPDX-License-Identifier: Apache-2.0
// ApplicationState: whether an Application's status says what a person waits for, and what is missing.
// Threads: pure functions.
#pragma once

#include <string>

#include "base/json.hpp"

namespace holdfast::cli {

enum class Awaited { kSynced, kHealthy };
std::string word(Awaited awaited);

/// Never of a status that is older than the spec, or while a sync that a person asked for runs.
bool holds(const base::Json& application, Awaited awaited);
/// "sync is OutOfSync, health is Healthy; 2 of 3 nodes are updated, 1 is away; ComparisonError: …"
std::string state_text(const base::Json& application);
/// Of the last sync that was asked for; both empty where there was none.
struct OperationState {
  std::string started_at;
  std::string phase;  ///< "Running", "Succeeded", "Failed"
  std::string message;
};
OperationState operation_of(const base::Json& application);

}  // namespace holdfast::cli
