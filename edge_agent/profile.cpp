// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/profile.hpp"

#include <string>

#include "base/limits/agent.hpp"
#include "base/limits/wire.hpp"

namespace holdfast::edge_agent {

namespace limits = base::limits;

base::Result<Profile> parse_profile(std::string_view text) {
  if (text == "prompt") return Profile::kPrompt;
  if (text == "frugal") return Profile::kFrugal;
  return base::fail(base::Code::kInvalid, "'" + std::string(text) + "': there is prompt and frugal");
}

Pace pace_of(Profile profile) {
  if (profile == Profile::kFrugal) {
    return {limits::kKeepAliveFrugal, limits::kBeaconIntervalFrugalMin, limits::kBeaconIntervalFrugalMax,
            limits::kFullPassIntervalFrugal, limits::kLogTidyIntervalFrugal};
  }
  return {limits::kKeepAlivePrompt, limits::kBeaconIntervalMin, limits::kBeaconIntervalMax,
          limits::kFullPassInterval, limits::kLogTidyInterval};
}

}  // namespace holdfast::edge_agent
