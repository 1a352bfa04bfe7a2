// SPDX-License-Identifier: Apache-2.0
// Targets: the target of every application, following the section records, and the way back from a claim to
// who desires it. Watches what the targets claim.
// Threads: one.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "edge_agent/state_store.hpp"
#include "edge_agent/target.hpp"

namespace holdfast::edge_agent {

class Targets {
 public:
  Targets(const StateStore& store, Drivers& drivers) : store_(store), drivers_(drivers) {}

  /// Loads what target_digest() of this application's record names, unless it is loaded already (its hooks for another
  /// run), and notes what of it rests; drops what is no longer to be held. The error of a target that cannot be loaded is kept: see error().
  void follow(const sync::ApplicationUid& application);
  void follow_all();
  /// What could not be loaded is tried again at the next follow().
  void forget_errors() {
    errors_.clear();
    outgoing_unfit_.clear();
  }
  void forget_error(const sync::ApplicationUid& application) { errors_.erase(application); }
  /// Whether the accepted section of this record would load; it is not kept.
  bool is_loadable(const SectionRecord& record);
  /// Whether what is accepted wants GPUs, and could be read.
  bool wants_gpus(const SectionRecord& record);
  /// Whose accepted section could not be loaded because there are too few GPUs, or others have them.
  const std::set<sync::ApplicationUid>& lack_gpus() const { return lack_gpus_; }
  /// Whether since the last call a section went, or came to want fewer GPUs.
  bool take_gpus_freed() { return std::exchange(gpus_freed_, false); }

  Target* find(const sync::ApplicationUid& application);
  /// Of outgoing_digest(), its hooks at rest; nullptr where there is none, or it cannot be loaded.
  Target* outgoing(const sync::ApplicationUid& application);
  /// Why find() has nothing for the digest that should be there; nullptr: it has.
  const base::Error* error(const sync::ApplicationUid& application) const;

  struct Ref {
    sync::ApplicationUid application;
    std::size_t item = 0;
    bool operator==(const Ref&) const = default;
  };
  /// Everybody who desires this claim.
  std::vector<Ref> who_desires(const sync::Claim& claim) const;
  /// Claims of accepted sections that are not the target now (quarantined, not loadable): nobody deletes
  /// those.
  const std::map<sync::ApplicationUid, std::vector<sync::Claim>>& accepted_claims() const {
    return accepted_claims_;
  }

 private:
  void follow_target(const SectionRecord& record);
  void load(const sync::ApplicationUid& application, const base::Digest& digest, std::uint32_t run);
  void add_claims(const sync::ApplicationUid& application, const Target& target);
  base::Status check_gpus(const SectionRecord& record, const Target& target);
  void drop(const sync::ApplicationUid& application);
  void follow_accepted(const SectionRecord& record);
  void follow_outgoing(const SectionRecord& record);

  const StateStore& store_;
  Drivers& drivers_;
  std::map<sync::ApplicationUid, std::unique_ptr<Target>> targets_;
  std::map<sync::ApplicationUid, std::unique_ptr<Target>> outgoing_;
  std::map<sync::ApplicationUid, base::Digest> outgoing_unfit_;  ///< read, and cannot be loaded
  std::map<sync::ApplicationUid, std::pair<base::Digest, base::Error>> errors_;
  std::map<sync::Claim, std::vector<Ref>> by_claim_;
  std::map<sync::ApplicationUid, std::vector<sync::Claim>> accepted_claims_;
  std::map<sync::ApplicationUid, base::Digest> accepted_read_;
  std::set<sync::ApplicationUid> lack_gpus_;
  bool gpus_freed_ = false;
};

}  // namespace holdfast::edge_agent
