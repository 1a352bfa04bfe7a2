// SPDX-License-Identifier: Apache-2.0
// No head of a request makes the local API fail, and what is decoded of it is no longer than it was.
// Threads: one.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "edge_agent/local_api.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view head(reinterpret_cast<const char*>(data), size);
  const auto request = holdfast::edge_agent::parse_local_request(head);
  if (!request) {
    require(!request.error().message().empty());
    return 0;
  }
  std::size_t decoded = request->method.size() + request->path.size();
  for (const auto& [name, value] : request->query) decoded += name.size() + value.size();
  require(decoded <= head.size());
  require(request->method.find(' ') == std::string::npos);
  return 0;
}
