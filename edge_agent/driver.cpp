// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/driver.hpp"

#include <utility>

namespace holdfast::edge_agent {

using base::Code;
using base::Disposition;
using base::Error;

std::string cause_text(const ResourceHealth& health) {
  if (health.reason.empty() || health.message.empty()) return health.reason + health.message;
  return health.reason + ": " + health.message;
}

Error not_known_yet(std::string what) { return {Code::kUnavailable, Disposition::kWait, std::move(what)}; }

bool is_not_known_yet(const Error& error) {
  return error.code() == Code::kUnavailable && error.disposition() == Disposition::kWait;
}

Error engine_down(const Error& why) { return {Code::kUnavailable, Disposition::kStalled, why.message()}; }

bool is_engine_down(const Error& error) {
  return error.code() == Code::kUnavailable && error.disposition() == Disposition::kStalled;
}

}  // namespace holdfast::edge_agent
