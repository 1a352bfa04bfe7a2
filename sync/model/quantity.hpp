// SPDX-License-Identifier: Apache-2.0
// Quantities of Kubernetes, and the two that a node has limits of: memory and CPUs.
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "sync/model/fields.hpp"

namespace holdfast::sync {

/// "128Mi", "500m", "1.5G", "2e3": the value in thousandths.
base::Result<std::int64_t> parse_quantity_milli(std::string_view text);
/// As manifests write it: "500m", but also 2 or 0.5.
base::Result<std::int64_t> quantity_milli_of(const base::Json& value);

/// Bytes, at least `min`, which is a whole number of mebibytes.
FieldRead memory_field(std::optional<std::uint64_t>& out, std::uint64_t min);
/// Thousandths of a CPU, at least one.
FieldRead cpu_field(std::optional<std::uint32_t>& out);

}  // namespace holdfast::sync
