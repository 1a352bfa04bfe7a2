// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/work_queue.hpp"

namespace holdfast::edge_agent {

void WorkQueue::add(const WorkKey& key, base::MonotonicTime due) {
  const auto [at, is_new] = due_.try_emplace(key, due);
  if (!is_new) {
    if (at->second <= due) return;
    order_.erase({at->second, key});
    at->second = due;
  }
  order_.emplace(due, key);
}

void WorkQueue::drop(const WorkKey& key) {
  const auto at = due_.find(key);
  if (at == due_.end()) return;
  order_.erase({at->second, key});
  due_.erase(at);
}

std::optional<WorkKey> WorkQueue::take(base::MonotonicTime now) {
  if (order_.empty() || order_.begin()->first > now) return std::nullopt;
  WorkKey key = order_.begin()->second;
  order_.erase(order_.begin());
  due_.erase(key);
  return key;
}

std::optional<base::MonotonicTime> WorkQueue::next() const {
  if (order_.empty()) return std::nullopt;
  return order_.begin()->first;
}

std::optional<base::MonotonicTime> WorkQueue::due(const WorkKey& key) const {
  const auto at = due_.find(key);
  if (at == due_.end()) return std::nullopt;
  return at->second;
}

}  // namespace holdfast::edge_agent
