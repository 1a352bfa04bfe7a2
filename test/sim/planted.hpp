// SPDX-License-Identifier: Apache-2.0
// PlantedMistake: a mistake that somebody could make in the deciding code, put there on purpose in the dev build
// (base/planted.hpp), and the invariant that is meant to notice. `holdfast-sim --planted` proves that it
// does: a simulator that catches none of them would prove nothing by passing.
#pragma once

#include <array>
#include <string_view>

namespace holdfast::sim {

struct PlantedMistake {
  std::string_view name;
  std::string_view invariant;  ///< the one that is meant to notice first
};

inline constexpr std::array kPlantedMistakes{
    // on the node
    PlantedMistake{"prune-without-claim-check", "delete-only-what-was-said"},
    PlantedMistake{"prune-what-is-not-ours", "foreign-untouched"},
    PlantedMistake{"prune-over-the-limit", "prune-limit"},
    PlantedMistake{"touch-before-intent", "intent-before-touch"},
    PlantedMistake{"said-before-stored", "stored-before-said"},
    PlantedMistake{"older-generation-accepted", "generation-never-lower"},
    PlantedMistake{"quarantine-forgotten", "quarantined-stays"},
    PlantedMistake{"restart-instead-of-adopt", "no-needless-stop"},
    PlantedMistake{"failed-delete-forgotten", "converges"},
    PlantedMistake{"drift-not-healed", "converges"},
    PlantedMistake{"snapshot-not-said-again", "converges"},
    // at the hub
    PlantedMistake{"unread-is-removed", "delete-only-what-was-said"},
    PlantedMistake{"lost-fact-prunes", "delete-only-what-was-said"},
    PlantedMistake{"emptiness-believed", "delete-only-what-was-said"},
    PlantedMistake{"removal-forgotten", "converges"},
    PlantedMistake{"claim-given-twice", "one-claim-one-section"},
    PlantedMistake{"sent-before-stored", "one-generation-one-content"},
    PlantedMistake{"hello-always-answered", "falls-quiet"},
};

}  // namespace holdfast::sim
