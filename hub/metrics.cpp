// SPDX-License-Identifier: Apache-2.0
#include "hub/metrics.hpp"

namespace holdfast::hub {
namespace {

using base::Metric;
using base::MetricType;

void add_messages(Metric& metric, std::string_view direction,
                  const std::map<sync::FrameType, std::uint64_t>& counts) {
  for (const auto& [type, count] : counts) {
    metric.samples.push_back(
        {{{"direction", std::string(direction)}, {"type", std::string(frame_word(type))}},
         static_cast<double>(count)});
  }
}

Metric fetches(const Counters& counters) {
  Metric metric{
      "holdfast_hub_git_fetch_total", MetricType::kCounter, "Fetches of Git repositories by result.", {}};
  metric.samples.push_back({{{"result", "ok"}}, static_cast<double>(counters.fetches_ok)});
  metric.samples.push_back({{{"result", "error"}}, static_cast<double>(counters.fetches_failed)});
  return metric;
}

/// Two samples that a label tells apart.
Metric pair(std::string name, std::string help, const char* label,
            std::pair<const char*, std::uint64_t> first, std::pair<const char*, std::uint64_t> second) {
  Metric metric{std::move(name), MetricType::kCounter, std::move(help), {}};
  for (const auto& [value, count] : {first, second})
    metric.samples.push_back({{{label, value}}, static_cast<double>(count)});
  return metric;
}

Metric plain(std::string name, std::string help, std::uint64_t value) {
  return base::counter(std::move(name), std::move(help), static_cast<double>(value));
}

}  // namespace

std::string_view frame_word(sync::FrameType type) {
  switch (type) {
    case sync::FrameType::kHello: return "hello";
    case sync::FrameType::kApplied: return "applied";
    case sync::FrameType::kSnapshot: return "snapshot";
    case sync::FrameType::kEvents: return "events";
    case sync::FrameType::kAnswer: return "answer";
    case sync::FrameType::kNeed: return "need";
    case sync::FrameType::kProof: return "proof";
    case sync::FrameType::kEventBatch: return "eventBatch";
    case sync::FrameType::kEventsStored: return "eventsStored";
    case sync::FrameType::kSealingKey: return "sealingKey";
    case sync::FrameType::kState: return "state";
    case sync::FrameType::kCommand: return "command";
    case sync::FrameType::kSettings: return "settings";
    case sync::FrameType::kTrust: return "trust";
    case sync::FrameType::kReport: return "report";
    case sync::FrameType::kBaseLost: return "baseLost";
    case sync::FrameType::kPart: return "part";
  }
  return "unknown";
}

std::vector<Metric> to_metrics(const Counters& counters) {
  Metric messages{"holdfast_hub_messages_total",
                  MetricType::kCounter,
                  "Messages from and to nodes, by direction and type.",
                  {}};
  add_messages(messages, "up", counters.messages_up);
  add_messages(messages, "down", counters.messages_down);
  return {
      fetches(counters),
      base::counter("holdfast_hub_git_fetch_seconds_total", "Time spent in fetches of Git repositories.",
                    counters.fetch_seconds),
      plain("holdfast_hub_renderings_total", "Renderings of an application's manifests.",
            counters.renderings),
      plain("holdfast_hub_epochs_raised_total", "Nodes that held more than a restored hub knew of.",
            counters.epochs_raised),
      plain("holdfast_hub_generations_total", "Desired states made and stored.", counters.generations),
      plain("holdfast_hub_desired_states_sent_total", "Desired states sent to nodes.", counters.states_sent),
      plain("holdfast_hub_desired_states_delta_total", "Of them those that were sent as deltas.",
            counters.states_delta),
      pair("holdfast_hub_snapshots_received_total", "Snapshots of nodes, whole or as a delta.", "how",
           {"whole", counters.snapshots_whole}, {"delta", counters.snapshots_delta}),
      pair("holdfast_hub_bases_lost_total", "Deltas whose base the reader did not hold, by direction.",
           "direction", {"up", counters.bases_lost_up}, {"down", counters.bases_lost_down}),
      plain("holdfast_hub_part_bytes_total", "Bytes of sections sent in parts, as often as they were sent.",
            counters.part_bytes),
      pair("holdfast_hub_message_bytes_total", "Bytes of messages from and to nodes, as they travel.",
           "direction", {"up", counters.bytes_up}, {"down", counters.bytes_down}),
      plain("holdfast_hub_reconciles_total", "Keys taken from the queue.", counters.reconciles),
      plain("holdfast_hub_store_writes_total", "Transactions written by the controller.",
            counters.store_writes),
      plain("holdfast_hub_bad_messages_total", "Messages that could not be read or came from nobody known.",
            counters.bad_messages),
      std::move(messages),
  };
}

}  // namespace holdfast::hub
