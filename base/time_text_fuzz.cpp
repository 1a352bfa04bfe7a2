// SPDX-License-Identifier: Apache-2.0
// No text makes the readers of times and durations fail, and what they read is written as text that means the same.
// Threads: one.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/limits/documents.hpp"
#include "base/time_text.hpp"

namespace {

using namespace holdfast::base;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_error(const Error& error) {
  require(!error.message().empty());
  require(error.message().size() < 400);
}

void check_duration(std::string_view text) {
  const auto duration = parse_duration(text);
  if (!duration) return check_error(duration.error());
  require(duration->count() >= 0 && *duration <= limits::kDurationTextMax);
  const auto again = parse_duration(format_duration(*duration));
  require(again.has_value() && *again == *duration);
}

void check_time(std::string_view text) {
  const auto time = parse_rfc3339(text);
  if (!time) return check_error(time.error());
  const std::string written = to_rfc3339(*time);
  const auto again = parse_rfc3339(written);
  // An offset can lead beyond the years that can be written.
  require(again.has_value() && to_rfc3339(*again) == written);
  require(parse_rfc3339(to_rfc3339_seconds(*time)).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_duration(text);
  check_time(text);
  return 0;
}
