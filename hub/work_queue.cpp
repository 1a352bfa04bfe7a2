// SPDX-License-Identifier: Apache-2.0
#include "hub/work_queue.hpp"

namespace holdfast::hub {

using base::MonotonicTime;

void WorkQueue::push(const Key& key, MonotonicTime due) {
  const auto known = due_.find(key);
  if (known == due_.end() || due < known->second) set(key, due);
}

void WorkQueue::set(const Key& key, MonotonicTime due) {
  drop(key);
  due_.emplace(key, due);
  of(key.kind).emplace(due, key.id);
}

void WorkQueue::drop(const Key& key) {
  const auto known = due_.find(key);
  if (known == due_.end()) return;
  of(key.kind).erase({known->second, key.id});
  due_.erase(known);
}

std::optional<Key> WorkQueue::pop(MonotonicTime now) {
  for (std::size_t kind = 0; kind < kKeyKinds; ++kind) {
    if (auto key = pop(now, static_cast<KeyKind>(kind))) return key;
  }
  return std::nullopt;
}

std::optional<Key> WorkQueue::pop(MonotonicTime now, KeyKind only) {
  const auto& keys = of(only);
  if (keys.empty() || keys.begin()->first > now) return std::nullopt;
  Key key{only, keys.begin()->second};
  drop(key);
  return key;
}

std::optional<MonotonicTime> WorkQueue::next_due() const {
  std::optional<MonotonicTime> next;
  for (const auto& keys : by_time_) {
    if (!keys.empty() && (!next || keys.begin()->first < *next)) next = keys.begin()->first;
  }
  return next;
}

}  // namespace holdfast::hub
