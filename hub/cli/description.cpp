// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/description.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "base/limits/client.hpp"
#include "hub/cli/age.hpp"
#include "hub/cli/object_fields.hpp"
#include "hub/cli/object_table.hpp"
#include "hub/cli/shown_text.hpp"
#include "hub/cli/table.hpp"
#include "hub/cli/yaml_text.hpp"

namespace holdfast::cli {

using base::Json;
using base::WallTime;
namespace limits = base::limits;

namespace {

constexpr std::size_t kLabelWidth = 15;

/// "Name:          cameras" lines, and blocks of tables beneath a heading.
class Description {
 public:
  Description(const Style& style, WallTime now) : style_(style), now_(now) {}

  void line(const std::string& label, const std::string& value) {
    const auto text = value.empty() ? "<none>" : safe_lines(value);
    const auto pad = label.size() + 1 < kLabelWidth ? kLabelWidth - label.size() - 1 : 1;
    out_ += style_.heading(label + ":") + std::string(pad, ' ') +
            indented(style_.word(text), std::string(kLabelWidth, ' ')) + "\n";
  }

  void pairs(const std::string& label, const std::map<std::string, std::string>& values) {
    std::string text;
    for (const auto& [name, value] : values) text += (text.empty() ? "" : "\n") + name + "=" + value;
    line(label, text);
  }

  void heading(const std::string& label) { out_ += style_.heading(label + ":") + "\n"; }

  void table(const std::string& label, const Table& table) {
    if (table.empty()) return line(label, "");
    heading(label);
    out_ += table.text(style_, "  ");
  }

  void yaml(const std::string& label, const Json* value) {
    if (value == nullptr || value->empty()) return;
    heading(label);
    out_ += "  " + indented(yaml_text(*value), "  ");
    while (out_.ends_with(' ')) out_.pop_back();
  }

  void remark(const std::string& text) { out_ += "  " + text + "\n"; }

  void head(const Json& object) {
    line("Name", text_at(object, "metadata/name"));
    pairs("Labels", strings_at(object, "metadata/labels"));
    if (const auto notes = strings_at(object, "metadata/annotations"); !notes.empty())
      pairs("Annotations", notes);
    line("Created", time(text_at(object, "metadata/creationTimestamp")));
    if (const auto since = text_at(object, "metadata/deletionTimestamp"); !since.empty()) {
      line("Being deleted", "since " + time(since));
    }
  }

  /// "2026-01-31T08:05:09Z (5m ago)"
  std::string time(const std::string& text) const {
    return text.empty() ? "" : text + " (" + age(text, now_) + " ago)";
  }

  void conditions(const Json& object) {
    const auto& all = list_at(object, "status/conditions");
    if (all.empty()) return line("Conditions", "");
    heading("Conditions");
    for (const auto& condition : all) {
      const auto since = age(text_at(condition, "lastTransitionTime"), now_);
      out_ += "  " + safe_cell(text_at(condition, "type")) + "=" + safe_cell(text_at(condition, "status")) +
              " for " + since;
      if (const auto message = text_at(condition, "message"); !message.empty()) {
        out_ += "\n    " + indented(safe_lines(message), "    ");
      }
      out_ += "\n";
    }
  }

  /// `other`: what they are about beside the object itself; "NODE" or "APPLICATION".
  void events(const Json& list, const std::string& other) {
    auto items = events_by_time(list);
    const auto hidden =
        items.size() > limits::kDescribedRowsMax ? items.size() - limits::kDescribedRowsMax : 0;
    if (hidden > 0) items.erase(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(hidden));
    Table table({"LAST SEEN", "TYPE", "REASON", other, "RESOURCE", "MESSAGE"});
    for (const auto& event : items) {
      const auto count = number_at(event, "count");
      const auto times = count > 1 ? " (x" + std::to_string(count) + ")" : "";
      const bool is_of_node = text_at(event, "involvedObject/kind") == "Node";
      const auto node = is_of_node ? text_at(event, "involvedObject/name") : "";
      table.add({age(text_at(event, "lastTimestamp"), now_) + times, text_at(event, "type"),
                 text_at(event, "reason"), other == "NODE" ? node : text_at(event, "application"),
                 text_at(event, "resource"), text_at(event, "message")});
    }
    this->table("Events", table);
    if (hidden > 0) remark("… and " + std::to_string(hidden) + " older ones: holdfast get events");
  }

  std::string take() { return std::move(out_); }

 private:
  const Style& style_;
  WallTime now_;
  std::string out_;
};

bool is_well(const Json& row) {
  return text_at(row, "sync") == "Synced" && text_at(row, "health") == "Healthy";
}

std::string because(const Json& row) {
  const auto reason = text_at(row, "reason");
  const auto message = text_at(row, "message");
  return reason.empty() || message.empty() ? reason + message : reason + ": " + message;
}

/// Resources that are not as they should be. `other`: the column that tells them apart, "node" or
/// "application".
void troubled(Description& out, const Json& resources, const std::string& other, const char* header) {
  Table table({header, "RESOURCE", "SYNC", "HEALTH", "BECAUSE"});
  std::size_t hidden = 0;
  for (const auto& row : items_of(resources)) {
    if (is_well(row)) continue;
    if (table.size() == limits::kDescribedRowsMax) {
      ++hidden;
    } else {
      table.add({text_at(row, other), text_at(row, "resource"), text_at(row, "sync"), text_at(row, "health"),
                 because(row)});
    }
  }
  if (table.empty()) return;
  out.table("Not well", table);
  if (hidden > 0) out.remark("… and " + std::to_string(hidden) + " more: holdfast get resources");
}

// ---- applications ----

std::string placement_text(const Json& object) {
  if (find_at(object, "spec/placement") == nullptr) return "none: it goes to no node";
  std::string out;
  for (const auto& [name, value] : strings_at(object, "spec/placement/selector/matchLabels")) {
    out += (out.empty() ? "" : ", ") + name + "=" + value;
  }
  for (const auto& term : list_at(object, "spec/placement/selector/matchExpressions")) {
    std::string values;
    for (const auto& value : list_at(term, "values"))
      values += (values.empty() ? "" : ",") + value_text(value);
    out += (out.empty() ? "" : ", ") + text_at(term, "key") + " " + text_at(term, "operator");
    if (!values.empty()) out += " (" + values + ")";
  }
  return out.empty() ? "all nodes" : out;
}

std::string policy_text(const Json& object) {
  const auto* automated = find_at(object, "spec/syncPolicy/automated");
  if (automated == nullptr) return "by hand: holdfast sync " + text_at(object, "metadata/name");
  std::string out = "automated";
  for (const auto* flag : {"prune", "selfHeal", "allowEmpty"}) {
    if (truth_at(*automated, flag)) out += std::string(", ") + flag;
  }
  if (const auto* most = find_at(*automated, "maxPrune")) out += ", maxPrune " + value_text(*most);
  return out;
}

std::string node_counts(const Json& object) {
  std::string out;
  for (const auto* count : {"total", "updated", "ready", "deferred", "failed"}) {
    out += (out.empty() ? "" : ", ") +
           std::to_string(number_at(object, std::string("status/nodes/") + count)) + " " + count;
  }
  return out;
}

struct NodeTally {
  std::int64_t resources = 0;
  std::int64_t well = 0;
};

void nodes_of(Description& out, const Json& resources) {
  std::map<std::string, NodeTally> tallies;
  for (const auto& row : items_of(resources)) {
    auto& tally = tallies[text_at(row, "node")];
    ++tally.resources;
    if (is_well(row)) ++tally.well;
  }
  Table table({"NODE", "RESOURCES", "WELL"});
  std::size_t hidden = 0;
  for (const auto& [node, tally] : tallies) {
    if (table.size() == limits::kDescribedRowsMax) {
      ++hidden;
    } else {
      table.add({node, std::to_string(tally.resources), std::to_string(tally.well)});
    }
  }
  out.table("Reported by", table);
  if (hidden > 0) out.remark("… and " + std::to_string(hidden) + " more nodes");
}

void describe_application(Description& out, const DescriptionParts& parts) {
  const auto& object = parts.object;
  out.line("Project", text_at(object, "spec/project").empty() ? "default" : text_at(object, "spec/project"));
  out.line("Repository", text_at(object, "spec/source/repoURL"));
  const auto path = text_at(object, "spec/source/path");
  const auto target = text_at(object, "spec/source/targetRevision");
  out.line("Path", (path.empty() ? "." : path) + " at " + (target.empty() ? "HEAD" : target));
  out.line("Placement", placement_text(object));
  out.line("Sync policy", policy_text(object));
  out.line("Sync", text_at(object, "status/sync"));
  out.line("Health", text_at(object, "status/health"));
  out.line("Revision", text_at(object, "status/revision"));
  if (const auto newest = text_at(object, "status/newestRevision");
      newest != text_at(object, "status/revision")) {
    out.line("Newest", newest);
  }
  out.line("Nodes", node_counts(object));
  if (const auto phase = text_at(object, "status/operation/phase"); !phase.empty()) {
    out.line("Last sync", phase + ": " + text_at(object, "status/operation/message") + ", asked for " +
                              out.time(text_at(object, "status/operation/startedAt")));
  }
  out.conditions(object);
  nodes_of(out, parts.resources);
  troubled(out, parts.resources, "node", "NODE");
}

// ---- nodes ----

void describe_node(Description& out, const DescriptionParts& parts) {
  const auto& object = parts.object;
  out.line("UID", text_at(object, "spec/uid"));
  if (const auto end = text_at(object, "spec/certificate/notAfter"); !end.empty())
    out.line("Certificate", "until " + end);
  out.line("Agent", text_at(object, "status/agentVersion"));
  out.line("Last seen", out.time(text_at(object, "status/lastSeen")));
  out.line("Sync", text_at(object, "status/sync"));
  out.line("Health", text_at(object, "status/health"));
  std::string generations;
  for (const auto& [name, value] : strings_at(object, "status/generation")) {
    generations += (generations.empty() ? "" : ", ") + name + " " + value;
  }
  out.line("Generation", generations);
  out.pairs("Facts", strings_at(object, "status/facts"));
  out.conditions(object);
  Table sections({"APPLICATION", "PHASE", "SYNC", "HEALTH", "RESOURCES", "BECAUSE"});
  for (const auto& section : list_at(object, "status/sections")) {
    sections.add({text_at(section, "application"), text_at(section, "phase"), text_at(section, "sync"),
                  text_at(section, "health"), std::to_string(number_at(section, "resources")),
                  because(section)});
  }
  out.table("Applications", sections);
  troubled(out, parts.resources, "application", "APPLICATION");
}

void describe_other(Description& out, const Json& object) {
  constexpr std::array<std::string_view, 3> kShown{"apiVersion", "kind", "metadata"};
  for (const auto& [name, value] : object.items()) {
    if (std::ranges::find(kShown, name) != kShown.end()) continue;
    if (value.is_structured()) {
      out.yaml(name, &value);
    } else {
      out.line(name, value_text(value));
    }
  }
}

}  // namespace

std::string describe_object(const ObjectType& type, const DescriptionParts& parts, const Style& style,
                            WallTime now) {
  Description out(style, now);
  out.head(parts.object);
  if (type.plural == kApplications) {
    describe_application(out, parts);
  } else if (type.plural == kNodes) {
    describe_node(out, parts);
  } else {
    describe_other(out, parts.object);
  }
  if (type.plural != kEvents) out.events(parts.events, type.plural == kApplications ? "NODE" : "APPLICATION");
  return out.take();
}

}  // namespace holdfast::cli
