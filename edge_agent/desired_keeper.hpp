// SPDX-License-Identifier: Apache-2.0
// DesiredKeeper: takes desired states in. Verifies, compares, collects the bodies, and stores all of it in
// one transaction before anything else happens. Nothing half-taken: either the whole state is accepted or
// nothing.
// Threads: one, the engine's.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/signing.hpp"
#include "edge_agent/live.hpp"
#include "edge_agent/part_book.hpp"
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
  DesiredKeeper(Parts& parts, PartBook& book, Audience audience)
      : parts_(parts), book_(book), audience_(std::move(audience)) {}

  /// Verifies the stored header. What no key verifies any more goes on being held, but proves no delete.
  base::Status boot();
  /// True: what could not be verified at boot is, by these.
  bool set_signing_keys(std::vector<base::PublicKey> keys);
  std::vector<sync::Frame> accept(sync::State state);
  /// A piece of a body that the state on its way lacks; others change nothing.
  std::vector<sync::Frame> accept(const sync::Part& part);
  /// What a desired state that came as a delta was made on, put together from the store; nothing: not held here.
  std::optional<std::string> base(std::string_view name) const;
  /// Whether everything that the accepted header names is stored; otherwise the hub must be asked again.
  bool is_complete() const;

 private:
  using Bodies = std::map<base::Digest, sync::SectionBody>;

  std::vector<sync::Frame> refuse(const sync::DesiredHeader* header, const std::string& why);
  /// Nothing new: says again what is stored; bodies that were lost meanwhile are taken.
  std::vector<sync::Frame> repeat(const sync::DesiredHeader& header, sync::State state);
  /// Asks for what is missing, and keeps what the answers belong to.
  std::vector<sync::Frame> need(const sync::DesiredHeader& header, const sync::SignedHeader& sealed,
                                const std::vector<base::Digest>& missing);
  /// Bodies of which all parts are here.
  void stage_complete(const sync::DesiredHeader& header);
  bool stage_provenance(const sync::Part& part);
  void end_wait();
  std::vector<sync::Frame> store(const sync::DesiredHeader& header, const sync::State& state);
  /// Takes the bodies out of it.
  void stage(const sync::DesiredHeader& header, sync::State& state);
  std::vector<base::Digest> missing(const sync::DesiredHeader& header) const;
  SectionRecord new_record(const SectionRecord* known, const sync::SectionRef& ref) const;
  SectionHooks hooks_of(const base::Digest& digest) const;
  void add_sections(const sync::DesiredHeader& header, Changes& changes) const;
  void add_removals(const sync::DesiredHeader& header, Changes& changes) const;
  std::optional<SectionRecord> removal_record(const sync::Removal& removal) const;
  void add_successions(const sync::DesiredHeader& header, Changes& changes) const;
  void end_orphan(const SectionRecord& record);
  base::Status put_right(const sync::DesiredHeader& header);
  void set_accepted(const sync::DesiredHeader& header, const std::string& bytes, bool verified);
  void begin(const std::vector<sync::ApplicationUid>& applications);
  sync::Frame applied_frame(sync::AppliedStage stage, const sync::DesiredHeader& header) const;

  struct Awaited {
    sync::SignedHeader sealed;
    sync::DesiredHeader header;
    std::map<base::Digest, std::string> provenances;  ///< by their digests; of bodies that come in parts
  };

  Parts& parts_;
  PartBook& book_;
  Audience audience_;
  std::optional<Awaited> awaited_;      ///< the state whose bodies are on their way
  std::vector<sync::SectionRef> refs_;  ///< of the accepted header
  sync::Generation staged_for_;
  Bodies staged_;  ///< checked bodies of a state whose others are on their way
};

/// What a new header makes of one section's record. `known` is null for an application that is new here.
/// `hooks`: of the section that `ref` names.
SectionRecord accept_section(const SectionRecord* known, const sync::SectionRef& ref, SectionHooks hooks);
SectionRecord accept_removal(const SectionRecord& known, const sync::Removal& removal);

}  // namespace holdfast::edge_agent
