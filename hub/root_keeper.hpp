// SPDX-License-Identifier: Apache-2.0
// RootKeeper: an Application whose folder holds objects of the hub itself (Applications, Projects, Nodes) keeps those as Git says:
// made, changed, and deleted within its limit.
// Threads: one.
#pragma once

#include "base/result.hpp"
#include "hub/context.hpp"
#include "hub/root_plan.hpp"

namespace holdfast::hub {

class RootKeeper {
 public:
  explicit RootKeeper(Context& context) : context_(context) {}

  /// Nothing for an application that holds none.
  void keep(ApplicationEntry& application);
  /// What a root made goes with it, where it carries the finalizer. True while something is left.
  bool delete_children(const ApplicationEntry& application);

 private:
  base::Status carry_out(ApplicationEntry& application, const RootPlan& plan);

  Context& context_;
};

}  // namespace holdfast::hub
