// SPDX-License-Identifier: Apache-2.0
// No text makes the readers of run records fail, and what is read can be written and read again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/run_record.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast::base;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(parse_state_record(text));
  static_cast<void>(parse_stop_record(text));
  if (const auto start = parse_start_record(text)) {
    const auto again = parse_start_record(to_text(*start));
    if (!again || *again != *start) std::abort();
  }
  return 0;
}
