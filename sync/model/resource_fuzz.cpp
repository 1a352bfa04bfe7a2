// SPDX-License-Identifier: Apache-2.0
// Fuzzes parse_resource, and so every kind's own reader: the body is a fixed point, and its parts can be
// asked for.
#include "sync/model/fuzz_input.hpp"
#include "sync/model/kinds.hpp"
#include "sync/model/resource.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast::sync;
  const auto input = fuzz_input(data, size);
  const auto resource = parse_resource(input);
  if (!resource) return 0;
  must_hold(parse_resource(std::string_view(resource->body)) == resource);
  must_hold(labels_of(*resource).has_value() && annotations_of(*resource).has_value());
  must_hold(ResourceKey::parse(resource->key.text()) == resource->key);
  for (const auto& claim : claims_of(*resource)) must_hold(Claim::parse(claim.text()) == claim);
  return 0;
}
