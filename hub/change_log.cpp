// SPDX-License-Identifier: Apache-2.0
#include "hub/change_log.hpp"

#include <algorithm>

#include "base/limits/hub.hpp"

namespace holdfast::hub {

void ChangeLog::append(Change change) {
  changes_.push_back(std::move(change));
  while (changes_.size() > base::limits::kChangesKeptMax) {
    floor_ = changes_.front().version;
    changes_.pop_front();
  }
}

base::Result<std::vector<Change>> ChangeLog::since(std::uint64_t version, std::string_view type) const {
  const std::uint64_t newest = changes_.empty() ? floor_ : changes_.back().version;
  if (version < floor_ || version > newest) {
    return base::fail(base::Code::kLimit, "too old resource version: " + std::to_string(version) + " (" +
                                              std::to_string(floor_) + " to " + std::to_string(newest) +
                                              " are known); list again and watch from there");
  }
  const auto first = std::ranges::upper_bound(changes_, version, {}, &Change::version);
  std::vector<Change> out;
  for (auto at = first; at != changes_.end(); ++at) {
    if (type.empty() || at->type == type) out.push_back(*at);
  }
  return out;
}

}  // namespace holdfast::hub
