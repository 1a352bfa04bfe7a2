// SPDX-License-Identifier: Apache-2.0
// EventBook: what happened. It goes into the outbox, which keeps it until the hub has it; where that cannot be used it waits
// here, bounded: when full the oldest go, and a last event says how many. A warning that says the same again about the same
// thing is told once, until something else happens to it.
// Threads: one.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "edge_agent/outbox.hpp"
#include "sync/model/event.hpp"

namespace holdfast::edge_agent {

/// What an event is about: an application by name, a resource by its brief; either may be empty.
struct Subject {
  std::string application;
  std::string resource;
  auto operator<=>(const Subject&) const = default;
};

class EventBook {
 public:
  /// `outbox`: nullptr, there is none.
  explicit EventBook(base::Clock& clock, Outbox* outbox = nullptr) : clock_(clock), outbox_(outbox) {}

  void normal(std::string_view reason, const Subject& subject, std::string_view message);
  void warning(std::string_view reason, const Subject& subject, std::string_view message);
  /// All is well with it: the next warning is news again.
  void settle(const Subject& subject) { last_warning_.erase(subject); }

  /// What the outbox did not take, oldest first; empties the book.
  std::vector<sync::Event> take();
  std::size_t size() const { return events_.size(); }
  std::uint64_t lost() const { return lost_total_; }

 private:
  void add(sync::EventType type, std::string_view reason, const Subject& subject, std::string_view message);

  void hand_over();

  base::Clock& clock_;
  Outbox* outbox_;
  std::deque<sync::Event> events_;
  std::map<Subject, std::string> last_warning_;
  std::uint64_t lost_ = 0;
  std::uint64_t lost_total_ = 0;
};

}  // namespace holdfast::edge_agent
