// SPDX-License-Identifier: Apache-2.0
#include "base/timer_queue.hpp"

#include <utility>
#include <vector>

namespace holdfast::base {

TimerQueue::Id TimerQueue::add(std::function<void()> on_due) {
  entries_.emplace(++last_, Entry{std::move(on_due), std::nullopt});
  return last_;
}

void TimerQueue::remove(Id id) {
  cancel(id);
  entries_.erase(id);
}

void TimerQueue::set(Id id, Time at) {
  cancel(id);
  const auto entry = entries_.find(id);
  if (entry == entries_.end()) return;
  entry->second.at = at;
  deadlines_.insert({at, id});
}

void TimerQueue::cancel(Id id) {
  const auto entry = entries_.find(id);
  if (entry == entries_.end() || !entry->second.at) return;
  deadlines_.erase({*entry->second.at, id});
  entry->second.at.reset();
}

std::optional<TimerQueue::Time> TimerQueue::next() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->at;
}

std::size_t TimerQueue::run_due(Time now) {
  std::vector<Deadline> due;
  for (const auto& deadline : deadlines_) {
    if (deadline.at > now) break;
    due.push_back(deadline);
  }
  std::size_t ran = 0;
  for (const auto& deadline : due) {
    if (!deadlines_.contains(deadline)) continue;  // an earlier callback cancelled or moved it
    run(deadline.id);
    ++ran;
  }
  return ran;
}

void TimerQueue::run(Id id) {
  cancel(id);
  // The callback may remove its own timer: it must not be destroyed while it runs.
  auto on_due = std::move(entries_.at(id).on_due);
  if (on_due) on_due();
  const auto entry = entries_.find(id);
  if (entry != entries_.end()) entry->second.on_due = std::move(on_due);
}

}  // namespace holdfast::base
