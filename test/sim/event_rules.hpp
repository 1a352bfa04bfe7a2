// SPDX-License-Identifier: Apache-2.0
// EventRules: what must become of the events of one node. It reads the outbox's files by its own eyes: what stood there when
// the power stayed, or was synced when it went, must be at the hub exactly once in the end, but for as many as the node said to
// be lost. Nothing is said of an event that a power cut can still take away.
// Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "sync/model/event.hpp"
#include "sync/store/fake_segments.hpp"
#include "test/sim/judge.hpp"

namespace holdfast::sim {

struct EventCounts {
  std::map<std::string, std::uint64_t> told;
  std::uint64_t lost = 0;
};

/// By which the hub tells one event from another.
std::string event_text(const sync::Event& event);

class EventRules {
 public:
  EventRules(std::string node, sync::FakeSegments& segments, Judge& judge)
      : node_(std::move(node)), segments_(segments), judge_(judge) {}

  /// What is new in the files.
  void look();
  /// A message of the node.
  void sent(const std::string& payload);
  /// REQUIRES: look() came before it.
  void power_was_cut();

  /// Why what the hub has is not what it must have; empty: it is. `forgotten`: what it had and may have no more.
  std::string difference(const EventCounts& at_hub, const EventCounts& forgotten) const;

 private:
  using Place = std::pair<std::uint64_t, std::uint64_t>;  // log, sequence
  using Events = std::map<Place, std::string>;
  Events read() const;

  std::string node_;
  sync::FakeSegments& segments_;
  Judge& judge_;
  Events known_;
  std::map<std::uint64_t, std::uint64_t> sent_;  ///< by log: up to this sequence
  std::uint64_t writes_seen_ = 0;
};

}  // namespace holdfast::sim
