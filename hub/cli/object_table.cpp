// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/object_table.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "hub/cli/age.hpp"
#include "hub/cli/api_client.hpp"
#include "hub/cli/object_fields.hpp"

namespace holdfast::cli {

using base::Json;
using base::WallTime;

namespace {

/// Of a meta.k8s.io Table: columns of a priority above 0 are the wide ones.
Table table_of_answer(const Json& answer, Columns columns) {
  Table::Row headers;
  std::vector<std::size_t> shown;
  const auto& definitions = list_at(answer, "columnDefinitions");
  for (std::size_t i = 0; i < definitions.size(); ++i) {
    if (columns == Columns::kUsual && number_at(definitions[i], "priority") > 0) continue;
    auto name = text_at(definitions[i], "name");
    std::ranges::transform(name, name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    headers.push_back(std::move(name));
    shown.push_back(i);
  }
  Table out(headers);
  for (const auto& row : list_at(answer, "rows")) {
    const auto& cells = list_at(row, "cells");
    Table::Row line;
    for (const auto column : shown) line.push_back(column < cells.size() ? value_text(cells[column]) : "");
    out.add(line);
  }
  return out;
}

/// For a type that the hub makes no table of.
Table plain_table(const Json& answer, WallTime now) {
  Table out({"NAME", "AGE"});
  for (const auto& item : items_of(answer)) {
    out.add({text_at(item, "metadata/name"), age(text_at(item, "metadata/creationTimestamp"), now)});
  }
  return out;
}

std::string event_age(const Json& event, WallTime now) {
  const auto last = age(text_at(event, "lastTimestamp"), now);
  const auto count = number_at(event, "count");
  if (count < 2) return last;
  return last + " (x" + std::to_string(count) + " over " + age(text_at(event, "firstTimestamp"), now) + ")";
}

std::string event_object(const Json& event) {
  const auto resource = text_at(event, "resource");
  auto kind = text_at(event, "involvedObject/kind");
  std::ranges::transform(kind, kind.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto about = kind + "/" + text_at(event, "involvedObject/name");
  return resource.empty() ? about : about + " " + resource;
}

}  // namespace

std::string_view accept_for_table(const ObjectType& type) {
  return type.plural == kEvents || type.is_report ? kJsonType : kTableAccept;
}

std::vector<Json> items_of(const Json& answer) {
  const auto* items = find_at(answer, "items");
  if (items == nullptr || !items->is_array()) return {answer};
  return {items->begin(), items->end()};
}

std::vector<Json> events_by_time(const Json& events) {
  auto items = items_of(events);
  std::ranges::stable_sort(items, {}, [](const Json& event) { return text_at(event, "lastTimestamp"); });
  return items;
}

Table event_table(const Json& events, Columns columns, WallTime now) {
  const bool is_wide = columns == Columns::kWide;
  Table::Row headers{"LAST SEEN", "TYPE", "REASON", "OBJECT", "APPLICATION", "MESSAGE"};
  if (is_wide) headers.insert(headers.end(), {"SOURCE", "NAME"});
  Table out(headers);
  for (const auto& event : events_by_time(events)) {
    out.add({event_age(event, now), text_at(event, "type"), text_at(event, "reason"), event_object(event),
             text_at(event, "application"), text_at(event, "message"), text_at(event, "source/component"),
             text_at(event, "metadata/name")});
  }
  return out;
}

Table resource_table(const Json& resources) {
  Table out({"NODE", "APPLICATION", "RESOURCE", "SYNC", "HEALTH", "REASON", "MESSAGE"});
  for (const auto& row : items_of(resources)) {
    out.add({text_at(row, "node"), text_at(row, "application"), text_at(row, "resource"),
             text_at(row, "sync"), text_at(row, "health"), text_at(row, "reason"), text_at(row, "message")});
  }
  return out;
}

Table object_table(const Json& answer, const ObjectType& type, Columns columns, WallTime now) {
  if (text_at(answer, "kind") == "Table") return table_of_answer(answer, columns);
  if (type.plural == kEvents) return event_table(answer, columns, now);
  if (type.is_report) return resource_table(answer);
  return plain_table(answer, now);
}

}  // namespace holdfast::cli
