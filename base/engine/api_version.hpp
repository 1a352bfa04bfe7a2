// SPDX-License-Identifier: Apache-2.0
// Which version of Docker's API is spoken with an engine: the engine's newest, within what this client knows; and whose engine it is.
// Threads: pure functions.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::base {

struct ApiVersion {
  int major = 0;
  int minor = 0;
  auto operator<=>(const ApiVersion&) const = default;
};
inline constexpr ApiVersion kApiOldest{1, 40};  ///< Docker 19.03, of JetPack 4
inline constexpr ApiVersion kApiNewest{1, 44};  ///< Docker 25; Docker 29 takes nothing older

/// For the few things that the two want said differently.
enum class EngineMake { kDocker, kPodman };

std::string to_string(ApiVersion version);
/// "1.41"
Result<ApiVersion> parse_api_version(std::string_view text);
/// Code::kUnsupported for an engine that is older than kApiOldest.
Result<ApiVersion> choose_api_version(ApiVersion newest_of_engine);

}  // namespace holdfast::base
