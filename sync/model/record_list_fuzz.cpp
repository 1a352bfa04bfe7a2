// SPDX-License-Identifier: Apache-2.0
// Fuzzes the smaller records: events, provenance, inventory entries. What was read is written and read back
// as the same.
#include "sync/model/desired_state.hpp"
#include "sync/model/event.hpp"
#include "sync/model/fuzz_input.hpp"
#include "sync/model/inventory.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast::sync;
  const auto input = fuzz_input(data, size);
  if (const auto events = decode_events(input)) must_hold(decode_events(encode_events(*events)) == events);
  if (const auto list = decode_provenance(input))
    must_hold(decode_provenance(encode_provenance(*list)) == list);
  if (const auto entry = decode_inventory_entry(input)) {
    must_hold(decode_inventory_entry(encode_inventory_entry(*entry)) == entry);
  }
  return 0;
}
