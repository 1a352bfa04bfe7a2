// SPDX-License-Identifier: Apache-2.0
#include "hub/event_intake.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/limits/hub.hpp"
#include "base/log.hpp"
#include "base/planted.hpp"
#include "hub/json_path.hpp"
#include "hub/tables.hpp"

namespace holdfast::hub {

namespace limits = base::limits;
using base::Json;
using base::Status;

namespace {

constexpr int kLogDigits = 16;

std::string log_text(std::uint64_t log) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(log >> shift & 0xffU);
  return base::to_hex(bytes);
}

std::optional<std::uint64_t> log_of(std::string_view text) {
  const auto bytes = base::from_hex(text);
  if (!bytes || text.size() != kLogDigits) return std::nullopt;
  std::uint64_t log = 0;
  for (const char byte : *bytes) log = log << 8U | static_cast<unsigned char>(byte);
  return log;
}

std::string key_of(const sync::NodeUid& uid, std::uint64_t log) { return uid.str() + "/" + log_text(log); }

sync::Event lost_event(base::WallTime now, std::uint64_t lost) {
  return {.time = now,
          .type = sync::EventType::kWarning,
          .reason = "EventsLost",
          .application = "",
          .resource = "",
          .message = std::to_string(lost) +
                     " older events are gone: the node's outbox was full, they were too old or its disk "
                     "could not read them"};
}

}  // namespace

void EventIntake::read(std::string_view key, std::string_view value) {
  const auto slash = key.rfind('/');
  const auto json = base::parse_json(value);
  const auto log = slash == std::string_view::npos ? std::nullopt : log_of(key.substr(slash + 1));
  if (!json || !log) return;
  const auto sequence = base::from_decimal(text_at(*json, "sequence")).value_or(0);
  const base::WallTime heard{std::chrono::milliseconds(number_at(*json, "heardMs"))};
  nodes_[sync::NodeUid(key.substr(0, slash))].logs[*log] = {sequence, sequence, heard};
}

Status EventIntake::load() {
  return store_.read([&](sync::ReadTxn& txn) {
    return txn.scan_past(
        kOutboxTable, "",
        [&](std::string_view key, std::string_view value) {
          read(key, value);
          return true;
        },
        [](std::string_view key, const base::Error& error) {
          base::log::error("up to where a node's events are here cannot be read; some may come twice",
                           {{"node", key}, {"error", error.message()}});
        });
  });
}

EventIntake::Standing& EventIntake::standing(Outboxes& outboxes, std::uint64_t log) {
  if (!outboxes.logs.contains(log) && outboxes.logs.size() >= limits::kOutboxesPerNodeMax) {
    const auto oldest =
        std::ranges::min_element(outboxes.logs, {}, [](const auto& item) { return item.second.heard; });
    outboxes.logs.erase(oldest);
  }
  return outboxes.logs[log];
}

bool EventIntake::record(const NodeEntry& node, Standing& standing, const sync::EventBatch& batch) {
  const EventAbout about{"Node", node.name, "agent"};
  // The node may not have heard how much of it came.
  const auto lost =
      batch.first - 1 > standing.taken ? std::min(batch.lost, batch.first - 1 - standing.taken) : 0;
  if (lost > 0 && !events_.record(about, lost_event(clock_.wall(), lost))) return false;
  standing.taken = std::max(standing.taken, batch.first - 1);
  for (auto sequence = batch.first; const auto& event : batch.events) {
    const auto at = sequence++;
    if (at <= standing.taken) continue;
    if (!events_.record(about, event)) return false;
    standing.taken = at;
  }
  return true;
}

bool EventIntake::take(const NodeEntry& node, const sync::EventBatch& batch) {
  auto& outboxes = nodes_[node.uid];
  const auto before = outboxes.logs;
  auto& now = standing(outboxes, batch.log);
  outboxes.spoken_of = batch.log;
  outboxes.spoken_up_to = batch.last();
  if (batch.last() <= now.stored) return true;
  now.heard = clock_.wall();
  // What could not be kept is not taken: the node sends it again.
  static_cast<void>(record(node, now, batch));
  auto& erased = dirty_[node.uid];
  for (const auto& [log, standing] : before) {
    if (!outboxes.logs.contains(log)) erased.push_back(log);
  }
  if (!base::planted("events-acknowledged-before-stored")) return false;
  now.stored = now.taken;
  return true;
}

std::optional<sync::EventsStored> EventIntake::stored(const sync::NodeUid& uid) const {
  const auto found = nodes_.find(uid);
  if (found == nodes_.end()) return std::nullopt;
  const auto log = found->second.logs.find(found->second.spoken_of);
  if (log == found->second.logs.end()) return std::nullopt;
  return sync::EventsStored{log->first, std::min(log->second.stored, found->second.spoken_up_to)};
}

Status EventIntake::write_dirty(sync::WriteTxn& txn) const {
  for (const auto& [uid, erased] : dirty_) {
    for (const auto log : erased) HF_CHECK(txn.erase(kOutboxTable, key_of(uid, log)));
    for (const auto& [log, standing] : nodes_.at(uid).logs) {
      if (standing.taken == standing.stored) continue;
      const Json record{{"heardMs", standing.heard.time_since_epoch().count()},
                        {"sequence", base::to_decimal(standing.taken)}};
      HF_CHECK(txn.put(kOutboxTable, key_of(uid, log), base::canonical_json(record)));
    }
  }
  return {};
}

std::vector<sync::NodeUid> EventIntake::mark_clean() {
  std::vector<sync::NodeUid> out;
  out.reserve(dirty_.size());
  for (const auto& [uid, erased] : dirty_) {
    for (auto& [log, standing] : nodes_.at(uid).logs) standing.stored = standing.taken;
    out.push_back(uid);
  }
  dirty_.clear();
  return out;
}

Status EventIntake::forget(const sync::NodeUid& uid) {
  dirty_.erase(uid);
  const auto found = nodes_.find(uid);
  if (found == nodes_.end()) return {};
  HF_CHECK(store_.write([&](sync::WriteTxn& txn) -> Status {
    for (const auto& [log, standing] : found->second.logs)
      HF_CHECK(txn.erase(kOutboxTable, key_of(uid, log)));
    return {};
  }));
  nodes_.erase(found);
  return {};
}

std::vector<sync::NodeUid> EventIntake::nodes() const {
  std::vector<sync::NodeUid> out;
  out.reserve(nodes_.size());
  for (const auto& [uid, outboxes] : nodes_) out.push_back(uid);
  return out;
}

}  // namespace holdfast::hub
