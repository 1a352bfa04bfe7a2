// SPDX-License-Identifier: Apache-2.0
// assign(): what a node's next desired state holds, from the last one and what each application says now. The
// one place at the hub that decides that something leaves a node. An application that nothing is known about
// stays.
// Threads: pure functions of values.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "sync/model/claim.hpp"
#include "sync/model/desired_state.hpp"
#include "sync/model/ids.hpp"

namespace holdfast::hub {

enum class Wish {
  kPlace,    ///< the node shall hold `section`
  kKeep,     ///< nothing new can be said (orphaned, not rendered, unschedulable …): what it has stays
  kPrune,    ///< Git or a person says that it leaves, and takes its resources with it
  kRelease,  ///< Git or a person says that it leaves, and its resources stay
};

/// One application, as it concerns this node.
struct Candidate {
  sync::ApplicationUid application{};
  std::string name{};
  Wish wish = Wish::kKeep;
  bool removal_confirmed = false;  ///< a person allowed this removal beyond the prune limit
  bool section_confirmed = false;  ///< a person allowed `digest` to delete beyond the prune limit
  // kPlace: the rendering in force for this node.
  sync::Revision revision{};
  base::Digest digest{};
  base::Digest provenance{};
  std::vector<sync::Claim> claims{};  ///< sorted
  std::size_t bytes = 0;              ///< of the section
  /// Claims of the newest rendering known, in force or not: nobody else deletes these while they have not
  /// arrived.
  std::vector<sync::Claim> newest_claims{};
};

struct AssignInput {
  sync::FleetId fleet;
  sync::NodeUid node;
  std::optional<sync::DesiredHeader> previous;
  /// Claims of each section of `previous`, in its order.
  std::vector<std::vector<sync::Claim>> previous_claims;
  std::vector<std::size_t> previous_bytes;  ///< their sizes, in the same order; empty: not known
  std::vector<Candidate> candidates;        ///< sorted by application, unique
  /// Applications whose Removal the node has carried out, as it proved; sorted.
  std::vector<sync::ApplicationUid> removed;
  /// It is not known yet what an application of this node holds newest: what is withheld stays so.
  bool keeps_withheld = false;
  std::uint64_t epoch = 1;  ///< of the next generation, where it is the first, and at least
  /// There is a next one whatever changes: in `epoch`, which is above that of all before. REQUIRES: `previous` has no
  /// removals, for nobody knows what was decided since.
  bool begins_epoch = false;
  /// Of a hub that was restored: what the node holds of an application beyond `previous`, by what it has proven. Sorted.
  std::map<sync::ApplicationUid, std::vector<sync::Claim>> forgotten_claims;
};

/// A candidate that wants a claim which another application holds on this node.
struct ClaimConflict {
  sync::ApplicationUid loser;
  std::string loser_name;
  sync::ApplicationUid holder;
  std::string holder_name;
  sync::Claim claim;
  std::string text() const;
};

struct Assignment {
  /// The next desired state with its generation; none when nothing that matters to the node changes.
  std::optional<sync::DesiredHeader> next;
  std::vector<ClaimConflict> conflicts;  ///< one a loser, sorted by loser
  // What a limit took back: each application keeps what it has. Sorted.
  std::vector<sync::ApplicationUid> over_limit;  ///< not placed: limits::kSectionsPerNodeMax
  std::vector<sync::ApplicationUid> too_large;   ///< not placed: limits::kDesiredStateBytesMax
  std::vector<sync::ApplicationUid>
      held_removals;  ///< not removed: as many removals wait for the node already
};

/// Each once. REQUIRES: both are sorted.
std::vector<sync::Claim> united(const std::vector<sync::Claim>& a, const std::vector<sync::Claim>& b);

/// What comes out can be signed, whatever goes in: the limits of a desired state hold. REQUIRES: previous_claims has
/// one entry for each section of previous.
Assignment assign(const AssignInput& input);

}  // namespace holdfast::hub
