// SPDX-License-Identifier: Apache-2.0
#include "gitops/document_tree.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "base/json.hpp"
#include "base/limits/documents.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

namespace limits = base::limits;
using sync::in_quotes;

std::string over(std::string_view what, std::size_t most, std::string_view way_out) {
  return std::string(what) + " than " + std::to_string(most) + "; " + std::string(way_out);
}

}  // namespace

std::string json_string(std::string_view text) { return base::canonical_json(base::Json(text)); }

void DocumentTree::fail(std::uint32_t line, std::string message) {
  if (!problem_) problem_ = ReadProblem{line, std::move(message)};
}

DocumentTree::Id DocumentTree::add(Node node) {
  const std::uint32_t line = node.line;
  if (++budget_.nodes > limits::kYamlNodesMax) {
    fail(line, over("more values in this file", limits::kYamlNodesMax, "split the file"));
  }
  nodes_.push_back(std::move(node));
  const auto id = static_cast<Id>(nodes_.size() - 1);
  place(id, line);
  return id;
}

void DocumentTree::place(Id id, std::uint32_t line) {
  if (problem_) return;
  if (open_.empty()) {
    root_ = id;
    return;
  }
  Open& parent = open_.back();
  Node& node = nodes_[parent.node];
  if (node.kind == Kind::kList) {
    node.elements.emplace_back(line, id);
  } else if (parent.key) {
    parent.key->value = id;
    parent.key->order = static_cast<std::uint32_t>(node.members.size());
    node.members.push_back(*std::exchange(parent.key, std::nullopt));
  } else {
    fail(line, "a key must be text, and neither a list nor a mapping");
  }
}

/// True: the scalar was the key of the open map.
bool DocumentTree::take_key(std::uint32_t line, const std::optional<std::string>& text, MergeKey merge) {
  if (open_.empty() || open_.back().key || nodes_[open_.back().node].kind != Kind::kMap) return false;
  if (!text) fail(line, "a key must be text, and neither empty nor an alias");
  open_.back().key = Member{text.value_or(""), line, 0, merge == MergeKey::kYes};
  return true;
}

std::optional<DocumentTree::Id> DocumentTree::scalar(std::uint32_t line, std::string json,
                                                     std::optional<std::string> text, MergeKey merge) {
  if (problem_ || take_key(line, text, merge)) return std::nullopt;
  Node node;
  node.line = line;
  node.json = std::move(json);
  return add(std::move(node));
}

DocumentTree::Id DocumentTree::open_map(std::uint32_t line) {
  if (problem_) return 0;
  Node node;
  node.kind = Kind::kMap;
  node.line = line;
  node.open = true;
  const Id id = add(std::move(node));
  open_.push_back({id, std::nullopt});
  if (open_.size() > limits::kYamlDepthMax) {
    fail(line, over("nested deeper", limits::kYamlDepthMax, "make it flatter"));
  }
  return id;
}

DocumentTree::Id DocumentTree::open_list(std::uint32_t line) {
  const Id id = open_map(line);
  if (!problem_) nodes_[id].kind = Kind::kList;
  return id;
}

void DocumentTree::close() {
  if (problem_ || open_.empty()) return;
  Node& node = nodes_[open_.back().node];
  node.open = false;
  if (node.kind == Kind::kMap) check_keys(node);
  open_.pop_back();
}

/// Sorts the members, and refuses a key that is there twice. Several merge keys are one after the other.
void DocumentTree::check_keys(Node& map) {
  std::sort(map.members.begin(), map.members.end(), [](const Member& a, const Member& b) {
    return std::tie(a.key, a.order) < std::tie(b.key, b.order);
  });
  const auto twice = std::adjacent_find(
      map.members.begin(), map.members.end(),
      [](const Member& a, const Member& b) { return a.key == b.key && !(a.merge && b.merge); });
  if (twice == map.members.end()) return;
  const auto& [first, second] = std::pair(*twice, *(twice + 1));
  fail(second.line, "the key " + in_quotes(second.key) + " is there twice, first on line " +
                        std::to_string(first.line) + "; remove one");
}

void DocumentTree::alias(std::uint32_t line, Id node) {
  if (problem_) return;
  if (++budget_.aliases > limits::kYamlAliasesMax) {
    fail(line, over("more aliases in this file", limits::kYamlAliasesMax, "write the values out"));
  } else if (node >= nodes_.size() || nodes_[node].open) {
    fail(line, "an alias within its own anchor has no end; write the value out");
  } else if (take_key(line, std::nullopt, MergeKey::kNo)) {
    return;
  } else {
    place(node, line);
  }
}

// ---- writing ----

std::optional<Document> DocumentTree::write() {
  if (problem_ || !root_ || nodes_[*root_].json == "null") return std::nullopt;
  Document out;
  out.line = nodes_[*root_].line;
  write_node(*root_, out.line, 1, out);
  budget_.bytes += out.json.size();
  if (problem_) return std::nullopt;
  return out;
}

void DocumentTree::merge_into(Members& members, Id source, std::uint32_t line, std::size_t depth) {
  const Node& node = nodes_[source];
  if (problem_) return;
  if (node.kind != Kind::kMap)
    return fail(line, "\"<<\" merges mappings only; give it one, or a list of some");
  budget_.nodes += 1 + node.members.size();
  if (budget_.nodes > limits::kYamlNodesMax) {
    return fail(line, over("more values in this file", limits::kYamlNodesMax, "split the file"));
  }
  if (depth > limits::kYamlDepthMax) {
    return fail(line, over("merges nested deeper", limits::kYamlDepthMax, "make it flatter"));
  }
  collect_members(node, depth + 1, members);
}

/// The members of `map` with what its merge keys add: its own win, then the earlier merged.
void DocumentTree::collect_members(const Node& map, std::size_t depth, Members& members) {
  for (const auto& member : map.members) {
    if (!member.merge) members.emplace(member.key, &member);
  }
  for (const auto& member : map.members) {
    if (!member.merge) continue;
    const Node& value = nodes_[member.value];
    if (value.kind != Kind::kList) merge_into(members, member.value, member.line, depth);
    for (const auto& [line, element] : value.elements) merge_into(members, element, line, depth);
  }
}

void DocumentTree::write_map(const Node& node, std::size_t depth, Document& out) {
  out.json += '{';
  std::string_view separator;
  Members members;
  collect_members(node, depth, members);
  for (const auto& [name, member] : members) {
    out.json.append(separator).append(json_string(name)).append(":");
    out.lines.push_back(member->line);
    write_node(member->value, member->line, depth + 1, out);
    separator = ",";
    if (problem_) return;
  }
  out.json += '}';
}

void DocumentTree::write_list(const Node& node, std::size_t depth, Document& out) {
  out.json += '[';
  std::string_view separator;
  for (const auto& [line, element] : node.elements) {
    out.json.append(separator);
    out.lines.push_back(line);
    write_node(element, line, depth + 1, out);
    separator = ",";
    if (problem_) return;
  }
  out.json += ']';
}

void DocumentTree::write_node(Id id, std::uint32_t line, std::size_t depth, Document& out) {
  const Node& node = nodes_[id];
  if (depth > limits::kYamlDepthMax + 1) {
    return fail(line, over("aliases nested deeper", limits::kYamlDepthMax, "make it flatter"));
  }
  if (out.lines.size() > limits::kYamlNodesMax) {
    return fail(line, over("aliases that become more values", limits::kYamlNodesMax, "write the values out"));
  }
  if (budget_.bytes + out.json.size() > limits::kYamlWrittenBytesMax) {
    return fail(line,
                over("aliases that become more bytes", limits::kYamlWrittenBytesMax, "write the values out"));
  }
  switch (node.kind) {
    case Kind::kScalar: out.json += node.json; break;
    case Kind::kMap: write_map(node, depth, out); break;
    case Kind::kList: write_list(node, depth, out); break;
  }
}

}  // namespace holdfast::gitops
