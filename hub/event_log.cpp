// SPDX-License-Identifier: Apache-2.0
#include "hub/event_log.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

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
  std::vector<std::pair<base::WallTime, ObjectPtr>> stored;
  stored.reserve(listing.items.size());
  for (const auto& object : listing.items)
    stored.emplace_back(base::parse_rfc3339(text_at(*object, "lastTimestamp")).value_or(base::WallTime{}),
                        object);
  std::ranges::stable_sort(stored, {}, &std::pair<base::WallTime, ObjectPtr>::first);
  for (const auto& [when, object] : stored) {
    const auto about =
        text_at(*object, "involvedObject/kind") + "/" + text_at(*object, "involvedObject/name");
    put(name_of(*object), {++order_, about, when});
  }
  return {};
}

base::Status EventLog::record(const EventAbout& about, const sync::Event& event) {
  const auto name = event_name(about, event);
  Json object = first(about, event, name);
  Known next{++order_, about.kind + "/" + about.name, event.time};
  if (const auto stored = objects_.get(kEvents, name)) {
    object = **stored;
    // A node's clock may stand anywhere: an event never gets older by happening again.
    if (const auto at = known_.find(name); at != known_.end()) {
      next.when = std::max(next.when, at->second.when);
      take_out(name, Known(at->second));
    }
    object["count"] = number_at(object, "count") + 1;
    object["lastTimestamp"] = base::to_rfc3339(next.when);
  }
  const auto about_key = next.about;
  put(name, std::move(next));
  if (auto status = objects_.put_soon(kEvents, name, object); !status) {
    base::log::failure("an event was not kept", "events", status.error());
    return status;
  }
  if (line_of_[about_key].size() > base::limits::kEventsPerObjectMax) drop_oldest(line_of_[about_key]);
  while (line_.size() > base::limits::kEventsKeptMax) drop_oldest(line_);
  return {};
}

void EventLog::put(const std::string& name, Known known) {
  line_.emplace(known.order, name);
  line_of_[known.about].emplace(known.order, name);
  known_[name] = std::move(known);
}

void EventLog::take_out(const std::string& name, const Known& known) {
  line_.erase({known.order, name});
  const auto of = line_of_.find(known.about);
  if (of != line_of_.end()) {
    of->second.erase({known.order, name});
    if (of->second.empty()) line_of_.erase(of);
  }
  known_.erase(name);
}

void EventLog::drop_oldest(const Line& line) {
  const auto oldest = line.begin()->second;
  take_out(oldest, Known(known_.at(oldest)));
  if (auto status = objects_.remove_soon(kEvents, oldest); !status) {
    base::log::failure("an old event was not removed", "events", status.error());
  }
}

}  // namespace holdfast::hub
