// SPDX-License-Identifier: Apache-2.0
// FakeSealer: a SecretSealer without a child: the same work, done at once, or when a test says so.
// Threads: one.
#pragma once

#include <utility>

#include "hub/secret_sealer.hpp"

namespace holdfast::hub {

class FakeSealer final : public SecretSealer {
 public:
  base::SealingKeys keys;
  bool fails = false;
  std::size_t sealed = 0;  ///< (Secret, node) pairs so far

  void seal(std::vector<SealOrder> orders, Done done) override {
    if (fails) return done(base::fail(base::Code::kInternal, "the child ended"));
    for (const auto& order : orders) sealed += order.nodes.size();
    done(seal_for_nodes(orders, keys));
  }
};

}  // namespace holdfast::hub
