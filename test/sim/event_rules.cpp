// SPDX-License-Identifier: Apache-2.0
#include "test/sim/event_rules.hpp"

#include <algorithm>

#include "base/limits/agent.hpp"
#include "sync/store/segment_format.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::sim {

std::string event_text(const sync::Event& event) {
  return event.reason + " " + event.application + " " + event.resource + ": " + event.message;
}

EventRules::Events EventRules::read() const {
  Events out;
  for (std::size_t number = 0; number < base::limits::kOutboxSegments; ++number) {
    const auto bytes = segments_.read(number, 0, base::limits::kOutboxSegmentBytes);
    const auto header = bytes ? sync::decode_segment_header(*bytes)
                              : base::Result<sync::SegmentHeader>(base::fail(bytes.error()));
    if (!header) continue;
    sync::scan_segment(*bytes, header->log, 1, [&](const sync::SegmentRecord& record) {
      const auto events = sync::decode_events("[" + std::string(record.payload) + "]");
      if (record.kind == sync::SegmentRecordKind::kRecord && events)
        out[{header->log, record.sequence}] = event_text(events->front());
      return true;
    });
  }
  return out;
}

void EventRules::look() {
  if (segments_.writes() == std::exchange(writes_seen_, segments_.writes())) return;
  for (const auto& [place, text] : read()) {
    const auto [at, is_new] = known_.emplace(place, text);
    if (!is_new && at->second != text)
      judge_.violated("one-sequence-one-event", node_ + ": " + std::to_string(place.second) + " was \"" +
                                                    at->second + "\" and is \"" + text + "\"");
  }
}

void EventRules::sent(const std::string& payload) {
  const auto frame = sync::decode_frame(payload);
  if (!frame || frame->type != sync::FrameType::kEventBatch) return;
  look();
  const auto batch = sync::decode_event_batch(frame->body);
  if (!batch) return judge_.violated("well-formed", node_ + ": a batch of events cannot be read");
  auto& sent = sent_[batch->log];
  sent = std::max(sent, batch->last());
  for (auto sequence = batch->first; const auto& event : batch->events) {
    const auto known = known_.find({batch->log, sequence++});
    if (known == known_.end() || known->second != event_text(event))
      judge_.violated("kept-before-said", node_ + ": \"" + event_text(event) + "\" is not in its outbox");
  }
}

void EventRules::power_was_cut() {
  const auto left = read();
  writes_seen_ = segments_.writes();
  // A file that is used again holds none of what it held; only what no acknowledgement can explain was taken by the cut.
  std::erase_if(known_, [&](const auto& item) {
    const auto sent = sent_.find(item.first.first);
    const bool was_sent = sent != sent_.end() && item.first.second <= sent->second;
    return !was_sent && !left.contains(item.first);
  });
}

std::string EventRules::difference(const EventCounts& at_hub, const EventCounts& forgotten) const {
  std::map<std::string, std::uint64_t> expected;
  for (const auto& [place, text] : known_) ++expected[text];
  std::uint64_t missing = 0;
  std::string first;
  for (const auto& [text, count] : expected) {
    const auto found = at_hub.told.find(text);
    const auto told = found == at_hub.told.end() ? 0 : found->second;
    if (told > count)
      return "\"" + text + "\" came " + std::to_string(told) + " times, and happened " +
             std::to_string(count);
    const auto gone = forgotten.told.find(text);
    const auto kept = count - std::min(count, gone == forgotten.told.end() ? 0 : gone->second);
    if (told >= kept) continue;
    if (first.empty()) first = text;
    missing += kept - told;
  }
  if (missing <= at_hub.lost + forgotten.lost) return "";
  return "\"" + first + "\" and all in all " + std::to_string(missing) + " events did not come, " +
         std::to_string(at_hub.lost) + " are said to be lost";
}

}  // namespace holdfast::sim
