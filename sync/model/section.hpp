// SPDX-License-Identifier: Apache-2.0
// Section: one application's part of a node's desired state. Its canonical JSON is its identity:
//   {"policy":{…},"resources":[…]}   resources sorted by key; digest = SHA-256 of exactly these bytes.
// Revision and provenance are not in it: a commit that changes nothing for a node changes no digest.
// Threads: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.hpp"
#include "base/limits/model.hpp"
#include "base/result.hpp"
#include "sync/model/resource.hpp"

namespace holdfast::sync {

/// "50%" or "20": how much of a section's inventory one desired state may delete without a person.
/// Up to limits::kPruneAlwaysAllowedMax are always allowed.
struct PruneLimit {
  enum class Unit { kPercent, kCount };
  Unit unit = Unit::kPercent;
  std::uint32_t value = 50;
  bool operator==(const PruneLimit&) const = default;
  std::string text() const;
  static base::Result<PruneLimit> parse(std::string_view text);
  /// How many of `inventory` entries may be deleted at once.
  std::size_t allowed(std::size_t inventory) const;
};

/// Argo CD's retry: limit attempts after the first; the delay grows by factor up to max.
struct RetryPolicy {
  std::uint32_t limit = 5;
  std::chrono::milliseconds delay{5'000};
  std::uint32_t factor = 2;
  std::chrono::milliseconds delay_max{180'000};
  bool operator==(const RetryPolicy&) const = default;
  /// Before attempt `attempt` (1 is the first retry).
  std::chrono::milliseconds delay_before(std::uint32_t attempt) const;
};

struct SectionPolicy {
  bool prune = false;
  bool self_heal = false;
  PruneLimit prune_limit;
  RetryPolicy retry;
  std::chrono::milliseconds progress_deadline{
      base::limits::kProgressDeadlineDefault};  ///< a wave that is not healthy by then has failed
  bool operator==(const SectionPolicy&) const = default;
};

struct Section {
  SectionPolicy policy;
  std::vector<Resource> resources;  ///< sorted by key, keys unique
};

/// The canonical bytes. REQUIRES: sorted, unique.
std::string encode_section(const Section& section);
/// Strict; checks order, uniqueness, limits, every resource.
base::Result<Section> decode_section(std::string_view bytes);

}  // namespace holdfast::sync
