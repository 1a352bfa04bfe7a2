// SPDX-License-Identifier: Apache-2.0
// Which images sections speak of: what must not be collected. Whatever stands in a list of containers counts, also of a kind that
// this agent does not know: too much is kept rather than too little.
// Threads: pure functions.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::edge_agent {

/// Adds the full form of each reference in the resources of a section's bytes. An error: it cannot be told.
base::Status add_images_of(std::string_view section, std::set<std::string>& out);

}  // namespace holdfast::edge_agent
