// SPDX-License-Identifier: Apache-2.0
// What the controller counts, and how that reads at /metrics.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/metric.hpp"
#include "sync/wire/frame.hpp"

namespace holdfast::hub {

struct Counters {
  std::uint64_t fetches_ok = 0;
  std::uint64_t fetches_failed = 0;
  double fetch_seconds = 0;
  std::uint64_t renderings = 0;
  std::uint64_t generations = 0;
  std::uint64_t epochs_raised = 0;
  std::uint64_t states_sent = 0;
  std::uint64_t states_delta = 0;     ///< of them
  std::uint64_t snapshots_whole = 0;  ///< that came, and how
  std::uint64_t snapshots_delta = 0;
  std::uint64_t bases_lost_up = 0;    ///< deltas that this hub could not read
  std::uint64_t bases_lost_down = 0;  ///< that a node could not read
  std::uint64_t part_bytes = 0;       ///< of sections that were sent in parts
  std::uint64_t bytes_up = 0;         ///< of messages, as they travel
  std::uint64_t bytes_down = 0;
  std::uint64_t store_writes = 0;
  std::uint64_t reconciles = 0;
  std::uint64_t bad_messages = 0;
  std::map<sync::FrameType, std::uint64_t> messages_up;
  std::map<sync::FrameType, std::uint64_t> messages_down;
};

/// "hello", "applied", …; "unknown".
std::string_view frame_word(sync::FrameType type);
std::vector<base::Metric> to_metrics(const Counters& counters);

}  // namespace holdfast::hub
