// SPDX-License-Identifier: Apache-2.0
// Outbox: events until the hub has stored them, in a segment log, so that they outlive the agent. Gives one batch after the
// other; what was given is on the disk before, so that its sequences are never those of other events. When the folder cannot
// be used it says so once, and tries again from time to time.
// Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "sync/model/event.hpp"
#include "sync/store/segment_log.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::edge_agent {

class Outbox {
 public:
  struct Seams {
    base::Clock& clock;
    base::Random& random;
    sync::SegmentFiles& files;
  };
  explicit Outbox(Seams seams, sync::SegmentLogOptions options = {});

  /// False: it cannot be used now.
  bool append(const sync::Event& event);
  /// What follows after all that the hub has stored, synced; the same again until stored() says more. Nothing: nothing waits.
  std::optional<sync::EventBatch> next();
  /// What the hub says. Believed only of this log, and only of what next() gave since the start.
  void stored(const sync::EventsStored& stored);
  /// Whether what next() gave last is stored.
  bool is_answered() const { return !log_ || sent_ <= log_->acknowledged(); }

  std::size_t waiting() const { return log_ ? static_cast<std::size_t>(log_->waiting()) : 0; }
  std::size_t bytes() const { return log_ ? log_->bytes() : 0; }
  std::uint64_t lost() const { return log_ ? log_->lost() : 0; }

 private:
  bool is_open();
  void failed(const base::Error& error);

  Seams seams_;
  sync::SegmentLogOptions options_;
  std::optional<sync::SegmentLog> log_;
  std::optional<base::MonotonicTime> next_try_;
  std::uint64_t sent_ = 0;
};

}  // namespace holdfast::edge_agent
