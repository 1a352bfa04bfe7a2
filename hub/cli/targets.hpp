// SPDX-License-Identifier: Apache-2.0
// Target: which objects a command is about, from "node node-1 node-2" or "node/node-1".
// Threads: plain values.
#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "hub/cli/api_client.hpp"
#include "hub/cli/object_types.hpp"

namespace holdfast::cli {

struct Targets {
  const ObjectType* type = nullptr;
  std::vector<std::string> words;  ///< names, or whatever else follows the type
};

/// `kind`: a type, or "type/name", whose name then stands first in `words`.
base::Result<Targets> read_targets(const std::string& kind, std::vector<std::string> words);
/// As read_targets; at least one name, and not of a type that the hub only makes of reports.
base::Result<Targets> read_named_targets(const std::string& kind, std::vector<std::string> words);

/// kNotFound says how to see those there are.
base::Result<base::Json> get_object(ApiClient& hub, const ObjectType& type, const std::string& name,
                                    std::string_view accept = kJsonType);
/// An application's or a node's route, with the same way out.
base::Error with_way_out(base::Error error, const ObjectType& type);
const ObjectType& object_type(std::string_view plural);

}  // namespace holdfast::cli
