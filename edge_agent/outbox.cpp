// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/outbox.hpp"

#include <utility>

#include "base/limits/agent.hpp"
#include "base/limits/wire.hpp"
#include "base/log.hpp"
#include "base/planted.hpp"

namespace holdfast::edge_agent {

namespace limits = base::limits;
namespace {

constexpr std::string_view kUnusable = "the outbox cannot be used; events wait in memory";

/// One event as it stands in an array of them.
std::string payload_of(const sync::Event& event) {
  const auto array = sync::encode_events({event});
  return array.substr(1, array.size() - 2);
}

std::optional<sync::Event> event_of(const std::string& payload) {
  auto events = sync::decode_events("[" + payload + "]");
  if (!events || events->size() != 1) return std::nullopt;
  return std::move(events->front());
}

/// An event that does not read, though its bytes are right, is of an agent from another time: it is as good as lost.
sync::EventBatch batch_of(sync::LogId log, const sync::SegmentRun& run) {
  sync::EventBatch out{log, run.first, run.lost, {}};
  for (const auto& payload : run.payloads) {
    auto event = event_of(payload);
    if (!event && !out.events.empty()) return out;
    if (!event) {
      ++out.first;
      ++out.lost;
      continue;
    }
    out.events.push_back(*std::move(event));
  }
  return out;
}

}  // namespace

Outbox::Outbox(Seams seams, sync::SegmentLogOptions options) : seams_(seams), options_(options) {
  static_cast<void>(is_open());
}

void Outbox::failed(const base::Error& error) { base::log::failure(kUnusable, "outbox", error); }

bool Outbox::is_open() {
  if (log_) return true;
  const auto now = seams_.clock.monotonic();
  if (next_try_ && now < *next_try_) return false;
  next_try_ = now + limits::kOutboxOpenInterval;
  auto opened = sync::SegmentLog::open(seams_.files, seams_.random, options_);
  if (!opened) {
    failed(opened.error());
    return false;
  }
  log_.emplace(*std::move(opened));
  sent_ = 0;
  if (log_->lost() > 0) {
    base::log::warn("some events of the outbox are gone; the hub will be told how many",
                    {{"events", log_->lost()}});
  }
  return true;
}

bool Outbox::append(const sync::Event& event) {
  if (!is_open()) return false;
  if (const auto appended = log_->append(payload_of(event), seams_.clock.wall()); !appended) {
    failed(appended.error());
    return false;
  }
  base::log::recovered(kUnusable, "outbox");
  return true;
}

std::optional<sync::EventBatch> Outbox::next() {
  if (!is_open() || log_->last() <= log_->acknowledged()) return std::nullopt;
  const auto run = log_->read(log_->acknowledged(), limits::kEventBatchBytesMax, limits::kEventBatchMax);
  // What the disk may forget must not be heard by anybody: its sequence would be given again.
  const auto synced = run && *run ? log_->sync() : base::Status();
  if (!run || !synced) {
    failed(run ? synced.error() : run.error());
    if (run) log_.reset();  // what a failed sync left of the cache is not known: it is read anew
    return std::nullopt;
  }
  if (!*run) return std::nullopt;
  auto batch = batch_of(log_->id(), **run);
  sent_ = batch.last();
  if (base::planted("outbox-forgotten-when-sent")) static_cast<void>(log_->acknowledge(sent_));
  return batch;
}

void Outbox::stored(const sync::EventsStored& stored) {
  if (!log_ || stored.log != log_->id() || stored.sequence > sent_) return;
  if (const auto done = log_->acknowledge(stored.sequence); !done) {
    // It is known here; after a restart the hub is asked to take the same again, and says that it has it.
    base::log::failure("what the hub has stored could not be noted", "outbox", done.error());
  }
}

}  // namespace holdfast::edge_agent
