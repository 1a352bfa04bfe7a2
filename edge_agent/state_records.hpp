// SPDX-License-Identifier: Apache-2.0
// The stored forms of what the agent keeps in table "meta", and the keys of table "inventory" and "process".
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "edge_agent/state_store.hpp"

namespace holdfast::edge_agent {

inline constexpr std::string_view kHeaderKey = "header";                     ///< signature (64 bytes), header
inline constexpr std::string_view kAppliedKey = "applied";                   ///< canonical JSON
inline constexpr std::string_view kCommandCounterKey = "command_counter";    ///< decimal, the last one seen
inline constexpr std::string_view kSettingsCounterKey = "settings_counter";  ///< the same of settings
inline constexpr std::string_view kDeletesForbiddenKey = "deletes_forbidden";  ///< "1", or absent

std::string encode_stored_header(const sync::SignedHeader& header);
base::Result<sync::SignedHeader> decode_stored_header(std::string_view bytes);

std::string encode_applied_state(const AppliedState& applied);
base::Result<AppliedState> decode_applied_state(std::string_view bytes);

/// The claim's text; a long one is cut and made unique by its digest, for a store's keys are short.
std::string claim_key(const sync::Claim& claim);

/// {"claim": …, "restarts": …}
std::string encode_restarts(const sync::Claim& claim, std::uint64_t count);
base::Result<std::pair<sync::Claim, std::uint64_t>> decode_restarts(std::string_view bytes);

}  // namespace holdfast::edge_agent
