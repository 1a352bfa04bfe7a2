// SPDX-License-Identifier: Apache-2.0
// QuarantineLift: what a node holds for known bad is tried again because a person says so, once what Git says now was fetched and
// found good: at once where the node is there, and where it is away when it says hello. Only what it still is to have, and only of
// the application that was named.
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
  /// What was asked for, after it was decided what the node is to have now. Nothing while it is away.
  void retry(NodeEntry& node);

 private:
  bool is_superseded(const NodeEntry& node, const sync::ApplicationUid& application) const;

  Context& context_;
  CommandDesk& commands_;
};

}  // namespace holdfast::hub
