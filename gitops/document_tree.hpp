// SPDX-License-Identifier: Apache-2.0
// DocumentTree: what the YAML and the JSON reader build a document in. Nodes stand in one vector; an alias is
// a second reference to a node, so nothing is multiplied before write() counts what it would become. The
// first problem is kept and everything after it ignored, so a reader need not stop its parser.
// Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gitops/document.hpp"

namespace holdfast::gitops {

class DocumentTree {
 public:
  using Id = std::uint32_t;

  /// How much a whole file may use; shared by its documents.
  struct Budget {
    std::size_t nodes = 0;
    std::size_t aliases = 0;
    std::size_t bytes = 0;  ///< written
  };
  explicit DocumentTree(Budget& budget) : budget_(budget) {}

  enum class MergeKey { kNo, kYes };
  /// `json`: the value's JSON text; `text`: what it is as a key; none: it cannot be one (null). Answers none
  /// where it became a key.
  std::optional<Id> scalar(std::uint32_t line, std::string json, std::optional<std::string> text,
                           MergeKey merge = MergeKey::kNo);
  Id open_map(std::uint32_t line);
  Id open_list(std::uint32_t line);
  void close();
  /// REQUIRES: `node` came from this tree.
  void alias(std::uint32_t line, Id node);
  void fail(std::uint32_t line, std::string message);

  const std::optional<ReadProblem>& problem() const { return problem_; }
  /// None where the document is empty. REQUIRES: every map and list is closed, or there is a problem.
  std::optional<Document> write();

 private:
  enum class Kind { kScalar, kMap, kList };
  struct Member {
    std::string key;
    std::uint32_t line = 0;
    Id value = 0;
    bool merge = false;
    std::uint32_t order = 0;  ///< in the text
  };
  struct Node {
    Kind kind = Kind::kScalar;
    std::uint32_t line = 0;
    bool open = false;
    std::string json;
    std::vector<Member> members;
    std::vector<std::pair<std::uint32_t, Id>> elements;
  };
  struct Open {
    Id node = 0;
    std::optional<Member> key;  ///< of a map: the key whose value comes next
  };

  Id add(Node node);
  void place(Id id, std::uint32_t line);
  bool take_key(std::uint32_t line, const std::optional<std::string>& text, MergeKey merge);
  void check_keys(Node& map);
  /// By name; the first to be put in wins.
  using Members = std::map<std::string_view, const Member*>;
  void collect_members(const Node& map, std::size_t depth, Members& members);
  void merge_into(Members& members, Id source, std::uint32_t line, std::size_t depth);
  void write_node(Id id, std::uint32_t line, std::size_t depth, Document& out);
  void write_map(const Node& node, std::size_t depth, Document& out);
  void write_list(const Node& node, std::size_t depth, Document& out);

  Budget& budget_;
  std::vector<Node> nodes_;
  std::vector<Open> open_;
  std::optional<Id> root_;
  std::optional<ReadProblem> problem_;
};

/// `text` as a JSON string. REQUIRES: UTF-8.
std::string json_string(std::string_view text);

}  // namespace holdfast::gitops
