// SPDX-License-Identifier: Apache-2.0
// Fuzzes quantities: the negative of a quantity is the negative of its value, and no input overflows.
#include <string>

#include "sync/model/fuzz_input.hpp"
#include "sync/model/quantity.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast::sync;
  const auto input = fuzz_input(data, size);
  const auto value = parse_quantity_milli(input);
  if (!value || input.front() == '-' || input.front() == '+') return 0;
  must_hold(*value >= 0);
  const auto negative = parse_quantity_milli("-" + std::string(input));
  must_hold(!negative || *negative == -*value);
  return 0;
}
