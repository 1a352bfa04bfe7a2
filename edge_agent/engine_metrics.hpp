// SPDX-License-Identifier: Apache-2.0
// EngineMetrics: what an Engine counts, as Prometheus reads it. Names begin with holdfast_agent_.
// Threads: pure function.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/metric.hpp"
#include "edge_agent/event_book.hpp"
#include "edge_agent/live.hpp"
#include "edge_agent/outbox.hpp"
#include "edge_agent/state_store.hpp"

namespace holdfast::edge_agent {

struct EngineReadings {
  const StateStore& store;
  const Counters& counters;
  const EventBook& events;
  const Outbox* outbox;    ///< none: events wait in memory
  std::uint64_t restarts;  ///< of the processes that are here now
  std::size_t queue;       ///< keys that are to be looked at
  std::size_t drift_waiting;
};
std::vector<base::Metric> engine_metrics(const EngineReadings& readings);

}  // namespace holdfast::edge_agent
