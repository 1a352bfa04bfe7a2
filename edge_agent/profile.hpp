// SPDX-License-Identifier: Apache-2.0
// Profile: what a node spends to be reached. `prompt` is for lines that cost nothing: a dead node is known within a
// minute and a half. `frugal` is for lines paid by the byte and for batteries: at most 1 MB a month when idle. It is
// the node's own setting, told by nobody else, and fixed at CONNECT.
// Threads: plain values.
#pragma once

#include <chrono>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::edge_agent {

enum class Profile { kPrompt, kFrugal };

struct Pace {
  std::chrono::seconds keep_alive;
  std::chrono::milliseconds beacon_min;
  std::chrono::milliseconds beacon_max;
  std::chrono::milliseconds full_pass;
  std::chrono::milliseconds log_tidy;
};

/// "prompt" or "frugal".
base::Result<Profile> parse_profile(std::string_view text);
Pace pace_of(Profile profile);

}  // namespace holdfast::edge_agent
