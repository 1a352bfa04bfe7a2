// SPDX-License-Identifier: Apache-2.0
// ForgottenClaims: what a node has proven to hold that a hub which was restored from an older copy did not give it, application by
// application. The header says what was withheld; what the sections held is read from Git, for their commits are in the
// history of what is in force. What Git has no more, or has in none of the folders that the application is known to have had, stays unknown.
// Threads: one.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hub/assign.hpp"
#include "hub/context.hpp"

namespace holdfast::hub {

class ForgottenClaims {
 public:
  explicit ForgottenClaims(Context& context) : context_(context) {}

  using Claims = std::map<sync::ApplicationUid, std::vector<sync::Claim>>;
  /// REQUIRES: `node.proven`. `candidates` are sorted by application.
  Claims of(const NodeEntry& node, const std::vector<Candidate>& candidates);

 private:
  std::vector<sync::Claim> read(const NodeEntry& node, const ApplicationEntry& application,
                                const sync::Revision& commit);
  /// As that commit has it at that place, whose tree is looked up here; nullptr where Git does not give it.
  Rendition* rendition(const ApplicationEntry& application, RevisionPlace place);

  Context& context_;
  /// One reading serves the nodes of a whole fleet, which come back to a restored hub at once. Bounded.
  std::map<std::pair<sync::ApplicationUid, std::string>, std::unique_ptr<Rendition>> read_;
};

}  // namespace holdfast::hub
