// SPDX-License-Identifier: Apache-2.0
// The table of kinds that a node can hold. A new kind is one row here and one file for its content; hub and
// agent read the same row, so what the hub accepts an agent of the same version can do.
// Threads: constants.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "sync/model/claim.hpp"
#include "sync/model/resource.hpp"

namespace holdfast::sync {

struct KindInfo {
  std::string_view group;
  std::string_view version;
  std::string_view kind;
  std::string_view ability;  ///< what an agent must list in its abilities to be given it, e.g. "file/1"
  int apply_order;           ///< within a wave, before names: ConfigMap 0, File 10, Process 50
  /// Strict check of the whole object beyond metadata; errors name the field.
  base::Status (*check)(const base::Json& object);
  /// REQUIRES: check() passed.
  std::vector<Claim> (*claims)(const ResourceKey& key, const base::Json& object);
  /// Whether this one ends by itself, as a hook must; nullptr: none of this kind does. REQUIRES: check() passed.
  base::Status (*check_hook)(const base::Json& object) = nullptr;
};

std::span<const KindInfo> all_kinds();
/// nullptr when unknown.
const KindInfo* find_kind(std::string_view group, std::string_view kind);
/// Claims of a parsed resource, sorted.
std::vector<Claim> claims_of(const Resource& resource);
/// What an agent must list to be given this one: its kind's, and what this one asks for beyond that.
std::vector<std::string> abilities_of(const Resource& resource);
/// What an agent can read of the wire beyond its first version: docs/wire.md.
inline constexpr std::string_view kAbilityDelta = "delta/1";
inline constexpr std::string_view kAbilityParts = "parts/1";
/// A Process with minReadySeconds.
inline constexpr std::string_view kAbilityMinReady = "process-min-ready/1";
/// A Unit with minReadySeconds.
inline constexpr std::string_view kAbilityUnitMinReady = "unit-min-ready/1";
/// A Pod or a Job with a stage.
inline constexpr std::string_view kAbilityHookWorkload = "hook-workload/1";
/// Sorted, one a kind, and those of the wire; what this build's agent can do.
std::vector<std::string> all_abilities();

}  // namespace holdfast::sync
