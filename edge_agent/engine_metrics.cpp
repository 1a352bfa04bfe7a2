// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/engine_metrics.hpp"

#include <chrono>
#include <map>
#include <string>

namespace holdfast::edge_agent {
namespace {

base::Metric sections_by_phase(const StateStore::Sections& sections) {
  std::map<sync::SectionPhase, double> phases;
  for (const auto& [application, record] : sections) phases[record.phase] += 1;
  base::Metric metric{
      .name = "holdfast_agent_sections", .help = "Applications on this node by phase.", .samples = {}};
  for (const auto& [phase, count] : phases) {
    metric.samples.push_back({{{"phase", std::string(sync::to_string(phase))}}, count});
  }
  return metric;
}

}  // namespace

std::vector<base::Metric> engine_metrics(const EngineReadings& s) {
  const Counters& c = s.counters;
  std::vector<base::Metric> out{sections_by_phase(s.store.sections())};
  const auto count = [&](const char* name, const char* help, std::uint64_t value) {
    out.push_back(base::counter(std::string("holdfast_agent_") + name, help, static_cast<double>(value)));
  };
  const auto level = [&](const char* name, const char* help, std::size_t value) {
    out.push_back(base::gauge(std::string("holdfast_agent_") + name, help, static_cast<double>(value)));
  };
  count("actions_total", "Changes made to the host to apply a desired state.", c.actions);
  count("deletes_total", "Objects deleted because Git or a person said so.", c.deletes);
  count("desired_states_accepted_total", "Desired states verified and stored.", c.states_accepted);
  count("desired_states_refused_total", "Desired states refused.", c.states_refused);
  count("drift_healed_total", "Drifted resources put right.", c.drift_healed);
  count("events_lost_total",
        "Events dropped from memory, where they waited because the outbox did not take them.",
        s.events.lost());
  count("full_passes_total", "Passes over everything that is desired.", c.full_passes);
  count("repairs_failed_total", "Repairs of drift that failed.", c.repairs_failed);
  count("part_bytes_total", "Bytes of sections that came in parts, each byte once.", c.part_bytes);
  count("rollbacks_total", "Sections quarantined.", c.rollbacks);
  const auto seconds = [&](const char* name, const char* help, std::chrono::milliseconds value) {
    out.push_back(base::gauge(std::string("holdfast_agent_") + name, help,
                              std::chrono::duration<double>(value).count()));
  };
  if (c.full_passes > 0) {
    seconds(
        "first_reconcile_seconds",
        "From the program's start, its options read, to every section having been compared with the host.",
        c.first_reconcile);
    seconds("full_pass_seconds", "How long the last pass over everything took.", c.last_full_pass);
  }
  level("drift_waiting", "Drifted resources that wait for their backoff.", s.drift_waiting);
  level("events_unsent", "Events that wait in memory because the outbox does not take them.",
        s.events.size());
  if (const auto* outbox = s.outbox) {
    level("outbox_bytes", "Bytes of the outbox that are taken by what waits.", outbox->bytes());
    level("outbox_events", "Events that wait until the hub has stored them.", outbox->waiting());
    count("outbox_lost_total", "Events that went from the outbox before the hub had them.", outbox->lost());
  }
  level("inventory_entries", "Objects that this agent made or adopted.", s.store.inventory().size());
  level("process_restarts", "Restarts of the processes that are here now.", s.restarts);
  level("work_queue_length", "Keys that are to be looked at.", s.queue);
  return out;
}

}  // namespace holdfast::edge_agent
