// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/event_book.hpp"

#include <iterator>
#include <utility>

#include "base/limits/agent.hpp"
#include "base/log.hpp"
#include "sync/model/text.hpp"

namespace holdfast::edge_agent {

namespace limits = base::limits;

void EventBook::add(sync::EventType type, std::string_view reason, const Subject& subject,
                    std::string_view message) {
  base::log::info(
      reason, {{"application", subject.application}, {"resource", subject.resource}, {"message", message}});
  if (events_.size() >= limits::kEventsUnsentMax) {
    events_.pop_front();
    ++lost_;
    ++lost_total_;
  }
  events_.push_back({.time = clock_.wall(),
                     .type = type,
                     .reason = std::string(reason),
                     .application = subject.application,
                     .resource = subject.resource,
                     .message = sync::bounded_message(message)});
  hand_over();
}

void EventBook::hand_over() {
  while (outbox_ != nullptr && !events_.empty() && outbox_->append(events_.front())) events_.pop_front();
}

void EventBook::normal(std::string_view reason, const Subject& subject, std::string_view message) {
  settle(subject);
  add(sync::EventType::kNormal, reason, subject, message);
}

void EventBook::warning(std::string_view reason, const Subject& subject, std::string_view message) {
  std::string said = std::string(reason) + "\n" + std::string(message);
  std::string& last = last_warning_[subject];
  if (last == said) return;
  last = std::move(said);
  // Forgetting at worst repeats a warning.
  if (last_warning_.size() > limits::kEventsUnsentMax) last_warning_.erase(last_warning_.begin());
  add(sync::EventType::kWarning, reason, subject, message);
}

std::vector<sync::Event> EventBook::take() {
  hand_over();
  std::vector<sync::Event> out(std::make_move_iterator(events_.begin()),
                               std::make_move_iterator(events_.end()));
  events_.clear();
  if (lost_ > 0) {
    out.push_back(
        {.time = clock_.wall(),
         .type = sync::EventType::kWarning,
         .reason = "EventsLost",
         .application = "",
         .resource = "",
         .message = std::to_string(lost_) + " older events were dropped while nobody could be told"});
    lost_ = 0;
  }
  return out;
}

}  // namespace holdfast::edge_agent
