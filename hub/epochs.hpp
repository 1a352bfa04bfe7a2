// SPDX-License-Identifier: Apache-2.0
// Epochs: what the hub does when a node holds a newer desired state than the hub made: it was restored from an older copy, or
// another hub was at work meanwhile. Numbers that a node says are not believed: it is asked for the header that it
// accepted, and the hub looks for its own signature on it. The node is quarantined: it is sent nothing until every source was
// fetched and each revision that it holds is in the history of the one in force, or a person says `holdfast
// approve NODE`. Until then, and until a node was heard since the hub's start, no next generation is made for it either: its number
// could come to stand above what the node holds. Even then what is in force must be such that it can be given to the node: else what goes out would be of the
// copy, and take away what came since. Then its epoch is raised above the proven one, and removals that were decided
// before are forgotten.
//
//   nothing wrong ──the node says a newer generation──▶ asked for its proof ──none of ours──▶ stays so
//                                                               │ ours
//                                                               ▼
//                        epoch raised ◀──nothing in the way── waits (sources, history, a person)
//
// Threads: one.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "hub/context.hpp"
#include "sync/model/ids.hpp"

namespace holdfast::hub {

/// On a Node: the generation, as the hub's status names it, that a person lets this hub go on above.
inline constexpr const char* kApprovedGenerationAnnotation = "holdfast.dev/approved-generation";

class Epochs {
 public:
  explicit Epochs(Context& context) : context_(context) {}

  /// As the node says: the generation that it accepted, and the digest of its content.
  void on_generation(NodeEntry& node, const sync::Generation& reported, const base::Digest& content);
  base::Status on_proof(NodeEntry& node, std::string_view body);
  /// Whether a fetch, a revision that came into force or a person's word was what a node waited for. Cheap where none does.
  void look_again();

 private:
  void look_again(NodeEntry& node);
  sync::Generation ours(const NodeEntry& node) const;
  void ask(NodeEntry& node);
  void stay(NodeEntry& node, const std::string& why);
  /// What is in the way of raising the epoch; empty: nothing. That of `staleness` no person can set aside.
  std::string staleness(const NodeEntry& node) const;
  std::string obstacle(const NodeEntry& node) const;
  std::string obstacle_of(const sync::SectionRef& section) const;

  Context& context_;
  std::set<sync::NodeUid> waiting_;  ///< have shown their proof
};

}  // namespace holdfast::hub
