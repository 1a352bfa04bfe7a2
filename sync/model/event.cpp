// SPDX-License-Identifier: Apache-2.0
// Events as a JSON array, oldest first. A reader lets members pass that a newer node adds.
#include "sync/model/event.hpp"

#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/limits/agent.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/text.hpp"
#include "sync/model/words.hpp"

namespace holdfast::sync {
namespace {

using base::Json;
namespace limits = base::limits;

constexpr Words<EventType, 2> kTypes{{{{EventType::kNormal, "Normal"}, {EventType::kWarning, "Warning"}}}};

base::Result<EventType> parse_type(std::string_view text) { return kTypes.parse(text, ""); }

Json to_json(const Event& event) {
  Json out{{"reason", bounded_message(event.reason)},
           {"timeMs", to_milliseconds(event.time)},
           {"type", kTypes.word(event.type)}};
  if (!event.application.empty()) out["application"] = bounded_message(event.application);
  if (!event.resource.empty()) out["resource"] = bounded_message(event.resource);
  if (!event.message.empty()) out["message"] = bounded_message(event.message);
  return out;
}

base::Status read_event(const Json& value, const std::string& where, std::vector<Event>& out) {
  if (out.size() >= limits::kEventsUnsentMax) {
    return base::fail(base::Code::kLimit,
                      "more than " + std::to_string(limits::kEventsUnsentMax) + " events at once");
  }
  Event event;
  base::ObjectReader in(value, where);
  in.required("reason", event.reason)
      .required("timeMs", time_field(event.time))
      .required("type", text_field(event.type, parse_type))
      .optional("application", event.application)
      .optional("resource", event.resource)
      .optional("message", event.message);
  HF_CHECK(in.finish_open());
  for (std::string* text : {&event.reason, &event.application, &event.resource, &event.message}) {
    *text = bounded_message(*text);
  }
  out.push_back(std::move(event));
  return {};
}

}  // namespace

std::string encode_events(const std::vector<Event>& events) {
  Json out = Json::array();
  for (const auto& event : events) out.push_back(to_json(event));
  return base::canonical_json(out);
}

base::Result<std::vector<Event>> decode_events(std::string_view bytes) {
  std::vector<Event> events;
  HF_TRY(const Json array, base::parse_json(bytes));
  HF_CHECK(read_list(array, "events", [&](const Json& value, const std::string& where) {
    return read_event(value, where, events);
  }));
  return events;
}

}  // namespace holdfast::sync
