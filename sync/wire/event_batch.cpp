// SPDX-License-Identifier: Apache-2.0
// EventBatch and EventsStored: how events travel so that the hub has each of them once, whoever dies on the way.
#include <limits>

#include "sync/wire/bytes.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;
using base::Result;

std::uint64_t EventBatch::last() const { return first + events.size() - 1; }

Frame encode(const EventBatch& batch) {
  ByteWriter out;
  out.u64(batch.log).u64(batch.first).u64(batch.lost).raw(encode_events(batch.events));
  return {FrameType::kEventBatch, out.take()};
}

Result<EventBatch> decode_event_batch(std::string_view body) {
  ByteReader in(body);
  EventBatch batch;
  batch.log = in.u64();
  batch.first = in.u64();
  batch.lost = in.u64();
  if (!in.ok()) return fail(Code::kCorrupt, "the eventBatch message is too short");
  HF_TRY(batch.events, decode_events(in.rest()));
  const bool is_numbered = batch.log > 0 && batch.first > 0 && batch.lost < batch.first &&
                           batch.events.size() <= std::numeric_limits<std::uint64_t>::max() - batch.first;
  if (!is_numbered) return fail(Code::kCorrupt, "eventBatch: sequences that no log has");
  if (batch.events.empty() && batch.lost == 0) return fail(Code::kCorrupt, "eventBatch: says nothing");
  return batch;
}

Frame encode(const EventsStored& stored) {
  ByteWriter out;
  out.u64(stored.log).u64(stored.sequence);
  return {FrameType::kEventsStored, out.take()};
}

Result<EventsStored> decode_events_stored(std::string_view body) {
  ByteReader in(body);
  EventsStored stored;
  stored.log = in.u64();
  stored.sequence = in.u64();
  if (!in.ok()) return fail(Code::kCorrupt, "the eventsStored message is too short");
  return stored;
}

}  // namespace holdfast::sync
