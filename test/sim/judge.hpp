// SPDX-License-Identifier: Apache-2.0
// Judge: takes down the first rule that was broken. A run ends there, for what comes after it proves nothing.
// Threads: one.
#pragma once

#include <optional>
#include <string>

#include "test/sim/trace.hpp"

namespace holdfast::sim {

struct Verdict {
  std::string invariant;
  std::string detail;
};

class Judge {
 public:
  explicit Judge(Trace& trace) : trace_(trace) {}
  void violated(const std::string& invariant, const std::string& detail) {
    trace_.add("judge", invariant + ": " + detail);
    if (!verdict_) verdict_ = Verdict{invariant, detail};
  }
  const std::optional<Verdict>& verdict() const { return verdict_; }

 private:
  Trace& trace_;
  std::optional<Verdict> verdict_;
};

}  // namespace holdfast::sim
