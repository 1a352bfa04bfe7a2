// SPDX-License-Identifier: Apache-2.0
// EventBatches: which batch of the outbox goes to the hub next, and when the same is sent again because nobody said that it is
// stored. One is on its way at a time.
// Threads: one.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.hpp"
#include "edge_agent/outbox.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::edge_agent {

class EventBatches {
 public:
  /// Without an outbox there is never one.
  explicit EventBatches(Outbox* outbox) : outbox_(outbox) {}

  /// What is to be sent now; none: nothing waits, or what was sent is still given its time.
  std::optional<sync::EventBatch> next(base::MonotonicTime now);
  /// When next() has something again by time alone.
  std::optional<base::MonotonicTime> due() const { return again_; }
  void on_stored(const sync::EventsStored& stored);
  /// Of another connection: what was on its way is sent at once, and nobody was impatient yet.
  void begin_anew();

 private:
  Outbox* outbox_;
  std::optional<base::MonotonicTime> again_;  ///< of the batch that is on its way; none: there is none
  std::uint32_t unanswered_ = 0;              ///< in a row
};

}  // namespace holdfast::edge_agent
