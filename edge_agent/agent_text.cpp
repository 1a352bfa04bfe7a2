// SPDX-License-Identifier: Apache-2.0
// The texts of agent_cli.hpp: plain, one fact a line, columns where there are several of a kind.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "edge_agent/agent_cli.hpp"
#include "sync/model/snapshot.hpp"

namespace holdfast::edge_agent {

using base::Json;

namespace {

using Row = std::vector<std::string>;

std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 3, ' ');
    }
    out += line + "\n";
  }
  return out;
}

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return {};
  return found->is_string() ? found->get<std::string>() : found->dump();
}

std::string key_text(const Json& status) {
  const auto ns = text_of(status, "namespace");
  return text_of(status, "kind") + "/" + (ns.empty() || ns == "default" ? "" : ns + "/") +
         text_of(status, "name");
}

std::string because(const Json& status) {
  const auto reason = text_of(status, "reason");
  const auto message = text_of(status, "message");
  return message.empty() || reason.empty() ? reason + message : reason + ": " + message;
}

}  // namespace

std::string status_text(const Json& status) {
  const auto& snapshot = status.at("snapshot");
  const bool running = status.value("running", false);
  std::string out = "Node:        " + text_of(status, "name") + " (" + text_of(snapshot, "node") + ")\n";
  out += std::string("Agent:       ") + (running ? "running" : "not running; this is what its store says") +
         "\n";
  const auto trouble = text_of(status, "brokerError");
  out += std::string("Hub:         ") + (status.value("connected", false) ? "connected" : "not connected") +
         (trouble.empty() ? "" : ": " + trouble) + "\n";
  if (const auto found = status.find("certificate"); found != status.end()) {
    const auto problem = text_of(*found, "error");
    const auto until = text_of(*found, "notAfter");
    out += until.empty() ? "Certificate: cannot be used: " + problem + "\n"
                         : "Certificate: until " + until +
                               (problem.empty() ? "" : "; the renewal failed: " + problem) + "\n";
    if (text_of(*found, "key") == "tpm") out += "Key:         in the TPM of this machine\n";
  }
  for (const auto& condition : snapshot.value("conditions", Json::array())) {
    const auto type = text_of(condition, "type");
    const bool is_good = sync::is_good_when_true(type);
    const auto told = text_of(condition, "status");
    if (is_good && told == "False")
      out += "State:       " + type + " is False: " + text_of(condition, "message") + "\n";
    if (!is_good && told == "True")
      out += "Machine:     " + type + ": " + text_of(condition, "message") + "\n";
  }
  if (const auto found = status.find("trust"); found != status.end() && text_of(*found, "version") == "0")
    out += "Trust:       cannot be used: " + text_of(*found, "error") + "\n";
  out += "Accepted:    " + text_of(snapshot, "accepted") + "\nApplied:     " + text_of(snapshot, "applied") +
         "\n\n";
  std::vector<Row> rows{{"APPLICATION", "PHASE", "SYNC", "HEALTH", "BECAUSE"}};
  std::vector<Row> resources{{"RESOURCE", "APPLICATION", "SYNC", "HEALTH", "BECAUSE"}};
  for (const auto& section : snapshot.value("sections", Json::array())) {
    const auto name = text_of(section, "name");
    rows.push_back({name, text_of(section, "phase"), text_of(section, "sync"), text_of(section, "health"),
                    because(section)});
    for (const auto& resource : section.value("resources", Json::array())) {
      resources.push_back({key_text(resource), name, text_of(resource, "sync"), text_of(resource, "health"),
                           because(resource)});
    }
  }
  if (rows.size() == 1) return out + "No application is placed here yet.\n";
  return out + table(rows) + "\n" + table(resources);
}

std::string why_text(const Json& why) {
  std::string out;
  for (const auto& item : why.value("items", Json::array())) {
    if (!out.empty()) out += "\n";
    out += text_of(item, "resource") + "\n";
    out += "  application  " + text_of(item, "application") + "\n";
    if (item.contains("commit")) {
      out += "  from         " + text_of(item, "file") + ":" + text_of(item, "line") + " at " +
             text_of(item, "commit").substr(0, 12) + " of " + text_of(item, "source") + "\n";
    }
    out += "  state        " + text_of(item, "sync") + ", " + text_of(item, "health");
    out += because(item).empty() ? "\n" : " (" + because(item) + ")\n";
    const auto blocked = text_of(item, "blockedBy");
    out += "  blocked by   " + (blocked.empty() ? "nothing" : blocked) + "\n";
    out += "  next         " + text_of(item, "next") + "\n";
  }
  return out;
}

std::string plan_text(const Json& plan) {
  const auto actions = plan.value("actions", Json::array());
  const auto withheld = plan.value("withheld", Json::array());
  if (actions.empty() && withheld.empty()) return "Nothing is to be done.\n";
  std::vector<Row> rows{{"ACTION", "RESOURCE", "CLAIM", "REASON"}};
  for (const auto& action : actions) {
    rows.push_back({text_of(action, "action"), text_of(action, "resource"), text_of(action, "claim"),
                    text_of(action, "reason")});
  }
  for (const auto& entry : withheld) {
    rows.push_back({"withheld", text_of(entry, "resource"), text_of(entry, "claim"),
                    text_of(entry, "reason") + ": " + text_of(entry, "message")});
  }
  return table(rows);
}

}  // namespace holdfast::edge_agent
