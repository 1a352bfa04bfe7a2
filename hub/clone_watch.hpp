// SPDX-License-Identifier: Apache-2.0
// CloneWatch: notices when two machines speak under one uid (a disk that was copied): both are cut off until a person has
// looked; what they run goes on.
// Threads: one.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "hub/context.hpp"

namespace holdfast::hub {

class CloneWatch {
 public:
  explicit CloneWatch(Context& context) : context_(context) {}

  /// Of the machine that speaks, as its hello tells (0: it cannot say, and is not judged). False: another one speaks under
  /// this node's uid, and both are cut off.
  bool is_same_machine(NodeEntry& node, std::uint64_t hardware);

 private:
  base::Status cut_off(const NodeEntry& node, const std::string& seen);
  base::Status keep(const NodeEntry& node, const base::Json& spec);

  Context& context_;
};

}  // namespace holdfast::hub
