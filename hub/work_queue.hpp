// SPDX-License-Identifier: Apache-2.0
// WorkQueue: which keys are to be looked at, and when. A key stands in it once, at its earliest time. Of those
// that are due, applications come before nodes: a node is worked out when every application has said its word.
// Threads: one.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/clock.hpp"

namespace holdfast::hub {

enum class KeyKind {
  kApplication,  ///< uid
  kNode,         ///< uid
  kNodeStatus,   ///< uid
  kRollup,       ///< application uid
  kTrust,  ///< node uid: the trust document is to be sent, ahead of what may be signed by a key that is new in it
  kAsk,     ///< node uid: its report is wanted
  kSend,    ///< node uid: its desired state is to be sent
  kStored,  ///< node uid: it may forget events
};
inline constexpr std::size_t kKeyKinds = 8;

struct Key {
  KeyKind kind = KeyKind::kApplication;
  std::string id;
  auto operator<=>(const Key&) const = default;
};

class WorkQueue {
 public:
  void push(const Key& key, base::MonotonicTime due);
  /// Due then and not before, whatever it was.
  void set(const Key& key, base::MonotonicTime due);
  void drop(const Key& key);
  /// The first of what is due, in order of kind, then time, then id.
  std::optional<Key> pop(base::MonotonicTime now);
  std::optional<Key> pop(base::MonotonicTime now, KeyKind only);
  std::optional<base::MonotonicTime> next_due() const;
  std::size_t size() const { return due_.size(); }

 private:
  using ByTime = std::set<std::pair<base::MonotonicTime, std::string>>;
  ByTime& of(KeyKind kind) { return by_time_[static_cast<std::size_t>(kind)]; }

  std::map<Key, base::MonotonicTime> due_;
  std::array<ByTime, kKeyKinds> by_time_;
};

}  // namespace holdfast::hub
