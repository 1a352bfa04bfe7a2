// SPDX-License-Identifier: Apache-2.0
// Which images sections speak of: what must not be collected. Whatever stands in a list of containers counts, also of a kind that
// this agent does not know: too much is kept rather than too little.
// Threads: pure functions; ImageNeeds: one, the engine's.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/digest.hpp"
#include "base/result.hpp"

namespace holdfast::edge_agent {

/// Adds the full form of each reference in the resources of a section's bytes. An error: it cannot be told.
base::Status add_images_of(std::string_view section, std::set<std::string>& out);

/// What is in a section never changes under its digest: each is read once for as long as it is asked about.
class ImageNeeds {
 public:
  using Read = std::function<base::Result<std::string>(const base::Digest&)>;
  /// Of all of these, and of no other from then on.
  base::Result<std::set<std::string>> of(const std::set<base::Digest>& sections, const Read& read);

 private:
  std::map<base::Digest, std::set<std::string>> known_;
};

}  // namespace holdfast::edge_agent
