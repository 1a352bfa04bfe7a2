// SPDX-License-Identifier: Apache-2.0
// Mistakes that somebody could make in the deciding code, put there on purpose in the dev build
// (base/planted.hpp). `holdfast-sim --planted` proves that the invariants notice each of them: a simulator that caught
// none would prove nothing by passing.
#pragma once

#include <array>
#include <string_view>

namespace holdfast::sim {

inline constexpr std::array<std::string_view, 35> kPlantedMistakes{
    // on the node
    "prune-without-claim-check", "prune-what-is-not-ours", "prune-what-was-there", "prune-over-the-limit",
    "touch-before-intent", "said-before-stored", "older-generation-accepted", "quarantine-forgotten",
    "restart-instead-of-adopt", "failed-delete-forgotten", "drift-not-healed", "snapshot-not-said-again",
    "delta-taken-on-any-base", "report-answered-by-a-delta", "parts-believed", "outbox-forgotten-when-sent",
    "older-trust-accepted", "state-of-anybody-accepted", "hook-not-waited-for", "hook-run-by-each-agent",
    "postsync-skipped", "hooks-on-the-way-back",
    // at the hub
    "deletion-always-prunes", "lost-fact-prunes", "emptiness-believed", "removal-forgotten",
    "claim-given-twice", "sent-before-stored", "hello-always-answered", "base-lost-answered-by-a-delta",
    "events-acknowledged-before-stored", "restored-hub-goes-on-blindly", "secret-answered-in-clear",
    "sealed-again-each-time", "unverified-state-left-alone"};

/// Those of pods and units, with which every seed has them.
inline constexpr std::array<std::string_view, 6> kPlantedInWorkloads{
    "container-made-anew-by-each-agent", "foreign-container-taken",      "container-left-behind",
    "engine-not-listed-again",           "unit-restarted-by-each-agent", "unit-files-not-read"};

}  // namespace holdfast::sim
