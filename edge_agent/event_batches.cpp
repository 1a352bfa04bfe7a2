// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/event_batches.hpp"

#include <algorithm>
#include <chrono>

#include "base/limits/wire.hpp"

namespace holdfast::edge_agent {

namespace limits = base::limits;

namespace {

/// How long the hub may take to store a batch before the same is sent again.
std::chrono::milliseconds patience(std::uint32_t unanswered) {
  constexpr std::uint32_t kDoublingsMax = 16;
  const std::chrono::milliseconds wait =
      limits::kEventsStoredTimeout * (1U << std::min(unanswered, kDoublingsMax));
  return std::min<std::chrono::milliseconds>(wait, limits::kEventsStoredTimeoutMax);
}

}  // namespace

std::optional<sync::EventBatch> EventBatches::next(base::MonotonicTime now) {
  if (outbox_ == nullptr || (again_ && now < *again_)) return std::nullopt;
  again_.reset();
  auto batch = outbox_->next();
  if (batch) again_ = now + patience(unanswered_++);
  return batch;
}

void EventBatches::on_stored(const sync::EventsStored& stored) {
  if (outbox_ == nullptr) return;
  outbox_->stored(stored);
  if (outbox_->is_answered()) begin_anew();
}

void EventBatches::begin_anew() {
  again_.reset();
  unanswered_ = 0;
}

}  // namespace holdfast::edge_agent
