// SPDX-License-Identifier: Apache-2.0
#include "hub/event_log.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "base/limits/hub.hpp"
#include "base/log.hpp"
#include "base/time_text.hpp"
#include "hub/json_path.hpp"

namespace holdfast::hub {

using base::Json;

namespace {

/// Equal for what a person would call the same thing.
std::string event_name(const EventAbout& about, const sync::Event& event) {
  const std::string identity = about.kind + "\n" + about.name + "\n" + about.component + "\n" + event.reason +
                               "\n" + event.application + "\n" + event.resource + "\n" + event.message;
  return about.name.substr(0, 200) + "." + base::Digest::of(identity).hex().substr(0, 16);
}

Json first(const EventAbout& about, const sync::Event& event, const std::string& name) {
  return {{"apiVersion", kApiVersion},
          {"kind", "Event"},
          {"metadata", {{"name", name}, {"creationTimestamp", base::to_rfc3339_seconds(event.time)}}},
          {"involvedObject", {{"apiVersion", kApiVersion}, {"kind", about.kind}, {"name", about.name}}},
          {"type", event.type == sync::EventType::kWarning ? "Warning" : "Normal"},
          {"reason", event.reason},
          {"message", event.message},
          {"application", event.application},
          {"resource", event.resource},
          {"source", {{"component", about.component}}},
          {"firstTimestamp", base::to_rfc3339(event.time)},
          {"lastTimestamp", base::to_rfc3339(event.time)},
          {"count", 1}};
}

}  // namespace

base::Status EventLog::load() {
  HF_TRY(const auto listing, objects_.list(kEvents));
  for (const auto& object : listing.items) {
    const auto when = base::parse_rfc3339(text_at(*object, "lastTimestamp")).value_or(base::WallTime{});
    last_[name_of(*object)] = when;
    by_time_.emplace(when, name_of(*object));
  }
  return {};
}

void EventLog::record(const EventAbout& about, const sync::Event& event) {
  const auto name = event_name(about, event);
  Json object = first(about, event, name);
  base::WallTime when = event.time;
  if (const auto known = objects_.get(kEvents, name)) {
    object = **known;
    // A node's clock may stand anywhere: an event never gets older by happening again.
    if (const auto at = last_.find(name); at != last_.end()) {
      when = std::max(when, at->second);
      by_time_.erase({at->second, name});
    }
    object["count"] = number_at(object, "count") + 1;
    object["lastTimestamp"] = base::to_rfc3339(when);
  }
  last_[name] = when;
  by_time_.emplace(when, name);
  if (auto status = objects_.put_soon(kEvents, name, object); !status) {
    base::log::failure("an event was not kept", "events", status.error());
  }
  while (by_time_.size() > base::limits::kEventsKeptMax) drop_oldest();
}

void EventLog::drop_oldest() {
  const auto oldest = by_time_.begin()->second;
  by_time_.erase(by_time_.begin());
  last_.erase(oldest);
  if (auto status = objects_.remove_soon(kEvents, oldest); !status) {
    base::log::failure("an old event was not removed", "events", status.error());
  }
}

}  // namespace holdfast::hub
