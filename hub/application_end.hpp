// SPDX-License-Identifier: Apache-2.0
// ApplicationEnd: an Application that a person or Git deletes: with the resources finalizer it stays until every node has let it go,
// and what is known of it is forgotten when no node's desired state names it any more.
// Threads: one.
#pragma once

#include "hub/context.hpp"
#include "hub/root_keeper.hpp"

namespace holdfast::hub {

class ApplicationEnd {
 public:
  ApplicationEnd(Context& context, RootKeeper& roots) : context_(context), roots_(roots) {}

  /// REQUIRES: it is being deleted. Takes the finalizer away when nothing of it is left.
  void finish(ApplicationEntry& application);
  /// Of deleted applications, those that no node's desired state names any more.
  void forget_gone();

 private:
  bool has_left(const NodeEntry& node, const ApplicationEntry& application) const;

  Context& context_;
  RootKeeper& roots_;
};

}  // namespace holdfast::hub
