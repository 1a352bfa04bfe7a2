// SPDX-License-Identifier: Apache-2.0
// NodeKeeper: works out what nodes must hold: asks every application what it says about the node, lets
// assign() decide, and stores the outcome of many nodes in one transaction before anything is sent.
// Threads: one.
#pragma once

#include <vector>

#include "base/result.hpp"
#include "hub/assign.hpp"
#include "hub/context.hpp"
#include "hub/forgotten_claims.hpp"

namespace holdfast::hub {

/// What a node's desired state says of one application now.
enum class Standing { kNone, kSection, kRemoval };

class NodeKeeper {
 public:
  explicit NodeKeeper(Context& context) : context_(context), forgotten_(context) {}

  /// At most limits::kNodesPerTransactionMax at a time.
  void reconcile(const std::vector<sync::NodeUid>& nodes);

 private:
  std::vector<DesiredRecord> decide(const std::vector<sync::NodeUid>& nodes, Bodies& bodies);
  base::Result<std::optional<DesiredRecord>> work_out(NodeEntry& node, Bodies& bodies);
  base::Status fill_previous(const DesiredRecord& desired, AssignInput& input);
  /// A confirmation is of one removal, and ends with it.
  base::Status drop_confirmations(const NodeEntry& node, const DesiredRecord* desired);
  /// What the nodes hold now is what the next desired states are deltas on.
  void keep_bases(const std::vector<DesiredRecord>& next);
  void show_problem(NodeEntry& node, const std::string& problem);
  std::vector<Candidate> candidates(NodeEntry& node, const DesiredRecord* desired,
                                    std::map<sync::ApplicationUid, Placing>& placings);
  void hold_back_prunes(const DesiredRecord* desired, std::map<sync::ApplicationUid, Placing>& placings,
                        std::vector<Candidate>& candidates);
  Candidate candidate(NodeEntry& node, ApplicationEntry& application, Standing standing, Placing& placing);
  /// Whether its labels place the application there; sets the wish where they do not.
  bool is_placed(const NodeEntry& node, const ApplicationEntry& application, Standing standing,
                 Candidate& candidate, Placing& placing) const;
  void fill_section(const NodeEntry& node, ApplicationEntry& application, Candidate& candidate,
                    Placing& placing);
  /// False: what is secret in it cannot be given to this node (yet), and placing says why.
  bool are_secrets_ready(const NodeEntry& node, const ApplicationEntry& application,
                         const RenderedSection& section, Placing& placing);
  const RenderedSection& rendered(Rendition& rendition, const NodeEntry& node,
                                  const ApplicationEntry& application);
  std::vector<sync::ApplicationUid> removed(const NodeEntry& node, const DesiredRecord* desired) const;
  void show_taken_back(const Assignment& assignment, std::map<sync::ApplicationUid, Placing>& placings) const;
  base::Status collect_bodies(const NodeEntry& node, const sync::DesiredHeader& header, Bodies& bodies);
  void end_quarantine(NodeEntry& node);
  void take_placings(NodeEntry& node, std::map<sync::ApplicationUid, Placing> placings);

  Context& context_;
  ForgottenClaims forgotten_;
};

}  // namespace holdfast::hub
