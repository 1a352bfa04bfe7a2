// SPDX-License-Identifier: Apache-2.0
// StoredRecords: what the store of a node holds, read by the rules themselves. Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "edge_agent/section_step.hpp"
#include "sync/model/inventory.hpp"
#include "sync/model/section.hpp"
#include "sync/store/fake_store.hpp"

namespace holdfast::sim {

class StoredRecords {
 public:
  /// `store` outlives it.
  explicit StoredRecords(sync::FakeStore& store) : store_(store) {}

  std::optional<sync::InventoryEntry> entry(const sync::Claim& claim) const;
  std::optional<edge_agent::SectionRecord> record(const sync::ApplicationUid& application) const;
  std::optional<sync::Section> section(const base::Digest& digest) const;
  std::optional<sync::DesiredHeader> header() const;
  sync::Generation generation() const;
  /// Whether the accepted desired state wants it; a section that failed wants nothing.
  bool is_held(const sync::Claim& claim) const;
  /// A section that failed takes back what it made.
  bool is_rolling_back(const sync::Claim& claim) const;
  /// Whether its section wants it, as it is accepted, as it was applied or as it was good last, in whatever form.
  bool is_wanted(const sync::Claim& claim) const;
  /// Of the Deployment that has this claim, as it is accepted.
  std::optional<std::uint32_t> replicas_of(const sync::Claim& claim) const;
  /// Both what was applied last and what is accepted want it just so (the content of a file, the argument that tells specs
  /// apart), and nothing is on its way back.
  bool is_kept_as(const sync::Claim& claim, const std::string& what) const;
  /// Every section is carried out.
  bool has_settled() const;
  std::size_t inventory_of(const sync::ApplicationUid& application) const;

 private:
  sync::FakeStore& store_;
};

/// Whether what is put there is what that section wants there; of a secret nobody here can tell.
bool is_as_in(const sync::Section& section, const sync::Claim& claim, const std::string& what);

}  // namespace holdfast::sim
