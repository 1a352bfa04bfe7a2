// SPDX-License-Identifier: Apache-2.0
// DesiredKeeper: takes desired states in. Verifies, compares, collects the bodies, and stores all of it in
// one transaction before anything else happens. Nothing half-taken: either the whole state is accepted or
// nothing.
// Threads: one, the engine's.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/signing.hpp"
#include "edge_agent/live.hpp"
#include "sync/model/desired_state.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::edge_agent {

class DesiredKeeper {
 public:
  struct Audience {
    sync::FleetId fleet;
    sync::NodeUid uid;
    std::vector<base::PublicKey> signing_keys;
  };
  DesiredKeeper(Parts& parts, Audience audience) : parts_(parts), audience_(std::move(audience)) {}

  /// Verifies the stored header. What no key verifies any more goes on being held, but proves no delete.
  base::Status boot();
  std::vector<sync::Frame> accept(const sync::State& state);
  /// Whether everything that the accepted header names is stored; otherwise the hub must be asked again.
  bool is_complete() const;

 private:
  using Bodies = std::map<base::Digest, sync::SectionBody>;

  std::vector<sync::Frame> refuse(const sync::DesiredHeader* header, const std::string& why);
  /// Nothing new: says again what is stored; bodies that were lost meanwhile are taken.
  std::vector<sync::Frame> repeat(const sync::DesiredHeader& header, const sync::State& state);
  std::vector<sync::Frame> need(const sync::DesiredHeader& header,
                                const std::vector<base::Digest>& missing) const;
  std::vector<sync::Frame> store(const sync::DesiredHeader& header, const sync::State& state);
  void stage(const sync::DesiredHeader& header, const sync::State& state);
  std::vector<base::Digest> missing(const sync::DesiredHeader& header) const;
  void add_sections(const sync::DesiredHeader& header, Changes& changes) const;
  void add_removals(const sync::DesiredHeader& header, Changes& changes) const;
  void set_accepted(const sync::DesiredHeader& header, const std::string& bytes, bool verified);
  void begin(const std::vector<sync::ApplicationUid>& applications);
  sync::Frame applied_frame(sync::AppliedStage stage, const sync::DesiredHeader& header) const;

  Parts& parts_;
  Audience audience_;
  std::vector<sync::SectionRef> refs_;  ///< of the accepted header
  sync::Generation staged_for_;
  Bodies staged_;  ///< checked bodies of a state whose others are on their way
};

/// What a new header makes of one section's record. `known` is null for an application that is new here.
SectionRecord accept_section(const SectionRecord* known, const sync::SectionRef& ref);
SectionRecord accept_removal(const SectionRecord& known, const sync::Removal& removal);

}  // namespace holdfast::edge_agent
