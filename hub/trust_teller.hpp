// SPDX-License-Identifier: Apache-2.0
// TrustTeller: sees to it that every node learns of the trust document in force, and tells people of a node that believes a
// later one.
// Threads: one.
#pragma once

#include <chrono>

#include "hub/context.hpp"
#include "hub/sender.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::hub {

class TrustTeller {
 public:
  TrustTeller(Context& context, Sender& sender) : context_(context), sender_(sender) {}

  /// Of one that is there again: what was on its way is lost. `turn`: when it is spoken to, unless it says hello before.
  void on_presence(NodeEntry& node, std::chrono::milliseconds turn);
  /// Whether the node holds another document than before.
  bool on_hello(NodeEntry& node, const sync::Hello& hello);

 private:
  Context& context_;
  Sender& sender_;
};

}  // namespace holdfast::hub
