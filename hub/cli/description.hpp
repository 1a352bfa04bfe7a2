// SPDX-License-Identifier: Apache-2.0
// Description: all that is known of one object, as text for people. Made of what the hub answered.
// Threads: pure functions.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "hub/cli/object_types.hpp"
#include "hub/cli/style.hpp"

namespace holdfast::cli {

struct DescriptionParts {
  const base::Json& object;
  const base::Json& resources;  ///< rows that concern it; of applications and nodes
  const base::Json& events;     ///< that concern it
};

std::string describe_object(const ObjectType& type, const DescriptionParts& parts, const Style& style,
                            base::WallTime now);

}  // namespace holdfast::cli
