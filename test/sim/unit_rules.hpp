// SPDX-License-Identifier: Apache-2.0
// UnitRules: what an agent must never do to the units of its node. What it asks for is judged when it asks, by how systemd
// really is then; what is carried out is counted. Threads: one.
#pragma once

#include <cstdint>
#include <string>

#include "base/systemd/fake_units.hpp"
#include "test/sim/model.hpp"
#include "test/sim/touch_rules.hpp"
#include "test/sim/trace.hpp"

namespace holdfast::sim {

class UnitRules {
 public:
  /// All outlive it.
  UnitRules(const std::string& node, base::FakeUnitManager& units, const StoredRecords& stored,
            TouchRules& touch, Trace& trace, Judge& judge);

  // ---- the agent ----
  void before(base::UnitCall call, const std::string& unit);

  // ---- foreign hands, misfortune ----
  void ended_by_hand(const std::string& unit) { ends_ += unit == steady_ ? 1 : 0; }
  void power_was_cut() { ++ends_; }
  /// From now on it must stay as it is.
  void expect_steady(const std::string& unit) { steady_ = unit; }
  bool is_steady(const std::string& unit) const { return unit == steady_; }

 private:
  void before_end(const std::string& unit, const std::string& what);
  void changing(const std::string& what);
  void violated(const std::string& invariant, const std::string& detail);

  const std::string& node_;
  base::FakeUnitManager& units_;
  const StoredRecords& stored_;
  TouchRules& touch_;
  Trace& trace_;
  Judge& judge_;
  std::string steady_;
  std::uint32_t starts_ = 0;
  std::uint32_t ends_ = 0;  ///< by hand or with the power
};

}  // namespace holdfast::sim
