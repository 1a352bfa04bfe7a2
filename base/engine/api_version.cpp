// SPDX-License-Identifier: Apache-2.0
#include "base/engine/api_version.hpp"

#include <algorithm>
#include <charconv>

namespace holdfast::base {

std::string to_string(ApiVersion version) {
  return std::to_string(version.major) + "." + std::to_string(version.minor);
}

Result<ApiVersion> parse_api_version(std::string_view text) {
  ApiVersion out;
  const char* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, out.major);
  const bool is_split = major.ec == std::errc{} && major.ptr != end && *major.ptr == '.';
  const auto minor = is_split ? std::from_chars(major.ptr + 1, end, out.minor) : major;
  if (!is_split || minor.ec != std::errc{} || minor.ptr != end || out.major < 0 || out.minor < 0)
    return fail(Code::kCorrupt, "what answers there is no container engine: it tells no version of its API");
  return out;
}

Result<ApiVersion> choose_api_version(ApiVersion newest_of_engine) {
  if (newest_of_engine < kApiOldest) {
    return fail(Code::kUnsupported, "the container engine speaks version " + to_string(newest_of_engine) +
                                        " of its API; at least " + to_string(kApiOldest) +
                                        " is needed (Docker 19.03, podman 3)");
  }
  return std::min(newest_of_engine, kApiNewest);
}

}  // namespace holdfast::base
