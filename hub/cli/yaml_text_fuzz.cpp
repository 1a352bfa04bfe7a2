// SPDX-License-Identifier: Apache-2.0
// Any JSON value, written as YAML, reads back as itself; but for numbers beyond 2^53, which the reader refuses.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "gitops/document.hpp"
#include "hub/cli/yaml_text.hpp"

namespace {

bool is_readable(const holdfast::base::Json& value) {
  constexpr double kExactMax = 9007199254740992;
  if (value.is_number()) return std::fabs(value.get<double>()) <= kExactMax;
  return !value.is_structured() || std::ranges::all_of(value, is_readable);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast;
  constexpr std::size_t kBytesMax = 16U << 10U;
  constexpr std::size_t kDepthMax = 16;
  const auto value = base::parse_json({reinterpret_cast<const char*>(data), size}, {kBytesMax, kDepthMax});
  if (!value || value->is_null() || !is_readable(*value)) return 0;  // an empty document is left out
  const auto documents = gitops::read_yaml(cli::yaml_text(*value));
  if (documents.problem || documents.list.size() != 1) std::abort();
  const auto again = base::parse_json(documents.list.front().json);
  if (!again || *again != *value) std::abort();
  return 0;
}
