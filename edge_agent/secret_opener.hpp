// SPDX-License-Identifier: Apache-2.0
// SecretOpener: the one place of the agent where a sealed value becomes a clear one, in memory, for as long as somebody
// needs it. Holds the node's sealing keys: the newest is told to the hub, all open.
// Threads: one, the engine's.
#pragma once

#include <functional>

#include "base/result.hpp"
#include "base/sealing.hpp"
#include "edge_agent/references.hpp"

namespace holdfast::edge_agent {

class SecretOpener {
 public:
  void set_keys(base::SealingKeys keys) { keys_ = std::move(keys); }
  const base::SealingKeys& keys() const { return keys_; }
  /// Called before anything is opened: from then on this process has something to hide.
  void on_open(std::function<void()> listener) { on_open_ = std::move(listener); }

  /// Errors name Secret and key, and what to do; never the value.
  base::Result<base::ClearText> open(const SealedValue& sealed) const;

 private:
  base::SealingKeys keys_;
  std::function<void()> on_open_;
};

}  // namespace holdfast::edge_agent
