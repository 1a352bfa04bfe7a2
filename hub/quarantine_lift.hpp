// SPDX-License-Identifier: Apache-2.0
// QuarantineLift: what a node holds for known bad is tried again because a person says so: at once where the node is there, and where
// it is away when it says hello.
// Threads: one.
#pragma once

#include "hub/command_desk.hpp"
#include "hub/context.hpp"

namespace holdfast::hub {

class QuarantineLift {
 public:
  QuarantineLift(Context& context, CommandDesk& commands) : context_(context), commands_(commands) {}

  /// On every node that quarantined the application.
  void lift(const sync::ApplicationUid& application);
  /// What was asked for while this node was away, or could not be told.
  void retry(NodeEntry& node);

 private:
  Context& context_;
  CommandDesk& commands_;
};

}  // namespace holdfast::hub
