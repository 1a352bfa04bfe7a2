// SPDX-License-Identifier: Apache-2.0
// Fuzzes normal_path and Claim::parse: a normal form has no way out of the root and is its own normal form.
#include "sync/model/claim.hpp"
#include "sync/model/fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast::sync;
  const auto input = fuzz_input(data, size);
  if (const auto path = normal_path(input)) {
    must_hold(normal_path(*path) == *path);
    must_hold(path->front() == '/' && path->find("//") == std::string::npos &&
              path->find("/../") == std::string::npos);
    must_hold(!path->ends_with("/..") && !path->ends_with('/'));
  }
  if (const auto claim = Claim::parse(input)) must_hold(claim->text() == input);
  return 0;
}
