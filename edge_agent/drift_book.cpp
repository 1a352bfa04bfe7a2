// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/drift_book.hpp"

#include <algorithm>

namespace holdfast::edge_agent {

base::MonotonicTime DriftBook::found(const sync::Claim& claim, base::MonotonicTime now) {
  Entry& entry = book_[claim];
  if (!entry.is_open) {
    entry.backoff.record(now);
    entry.is_open = true;
  }
  return entry.backoff.ready_at();
}

void DriftBook::repaired(const sync::Claim& claim) {
  if (const auto at = book_.find(claim); at != book_.end()) at->second.is_open = false;
}

void DriftBook::settled(const sync::Claim& claim) { repaired(claim); }

std::size_t DriftBook::waiting(base::MonotonicTime now) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      book_, [&](const auto& pair) { return pair.second.is_open && pair.second.backoff.ready_at() > now; }));
}

}  // namespace holdfast::edge_agent
