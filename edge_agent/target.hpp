// SPDX-License-Identifier: Apache-2.0
// Target: a section that should be on the host, resolved and kept in memory with what is known of each
// resource. Contents of files are not kept; SectionContents reads them again from the store when something
// must be written.
// Threads: one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/backoff.hpp"
#include "base/result.hpp"
#include "edge_agent/apply_order.hpp"
#include "edge_agent/driver.hpp"
#include "edge_agent/drivers.hpp"
#include "edge_agent/plan.hpp"
#include "sync/model/section.hpp"
#include "sync/model/snapshot.hpp"

namespace holdfast::edge_agent {

struct TargetItem {
  DesiredItem desired;
  std::unique_ptr<Effective> effective;  ///< shed
  base::Digest attempt{};                ///< of a hook: what its effective spec is salted with
  Driver* driver = nullptr;
  std::int64_t wave = 0;  ///< lifted; see apply_order.hpp
  std::uint32_t depth = 0;
  bool is_preparing = false;  ///< nothing of it is touched before its driver has fetched what it needs
  base::Backoff starts{
      base::process_backoff()};  ///< of what its driver asks for when it is tended, and fails
  // What the snapshot says of it.
  sync::SyncStatus sync = sync::SyncStatus::kUnknown;
  ResourceHealth health;
};

struct Target {
  base::Digest digest;
  std::uint32_t run = 0;  ///< which attempt its hooks are resolved for
  sync::SectionPolicy policy;
  std::vector<TargetItem> items;  ///< sorted by key
  std::vector<Placed> order;

  std::vector<DesiredItem> desired() const;
  /// nullptr where there is none.
  TargetItem* find(const sync::ResourceKey& key);
  bool has_hooks() const;
  bool has_hooks_of(sync::HookStage stage) const;
};

/// Decodes and resolves. kUnsupported: a resource that this agent cannot do; the message names it.
base::Result<std::unique_ptr<Target>> load_target(const base::Digest& digest, std::string_view bytes,
                                                  Drivers& drivers, std::uint32_t run = 0,
                                                  const sync::ApplicationUid& application = {});

/// The claims of a section's resources, without resolving them: of all that can be read, whatever else is in it.
std::vector<sync::Claim> claims_in(std::string_view section_bytes);

/// The keys of its resources, in their order, whatever else can be read of them.
std::vector<sync::ResourceKey> keys_in(std::string_view section_bytes);

/// To which keys the Secrets of a section are sealed; empty where it cannot be read.
std::set<base::SealingKeyId> sealing_keys_in(std::string_view section_bytes);

/// The stored section behind a target, read once, for resources that must be whole.
class SectionContents {
 public:
  explicit SectionContents(std::string bytes) : bytes_(std::move(bytes)) {}
  base::Result<std::unique_ptr<Effective>> whole(const TargetItem& item);

 private:
  std::string bytes_;
  std::optional<sync::Section> section_;
  std::optional<References> references_;
};

}  // namespace holdfast::edge_agent
