// SPDX-License-Identifier: Apache-2.0
// SimUnits: systemd as an agent in the simulator has it: the fake, watched. The agent may die before it asks for a change, and
// before it hears how it ended. Threads: one.
#pragma once

#include "base/systemd/fake_units.hpp"
#include "test/sim/fuse.hpp"
#include "test/sim/unit_rules.hpp"

namespace holdfast::sim {

class SimUnits final : public base::UnitManager {
 public:
  /// All outlive it.
  SimUnits(base::FakeUnitManager& inner, Fuse& fuse, UnitRules& rules)
      : inner_(inner), fuse_(fuse), rules_(rules) {}

  CallId load(const std::string& unit, OnEnd<base::UnitState> on_end) override {
    return inner_.load(unit, std::move(on_end));
  }
  CallId start(const std::string& unit, OnEnd<void> on_end) override {
    return inner_.start(unit, asked(base::UnitCall::kStart, unit, std::move(on_end)));
  }
  CallId stop(const std::string& unit, OnEnd<void> on_end) override {
    return inner_.stop(unit, asked(base::UnitCall::kStop, unit, std::move(on_end)));
  }
  CallId restart(const std::string& unit, OnEnd<void> on_end) override {
    return inner_.restart(unit, asked(base::UnitCall::kRestart, unit, std::move(on_end)));
  }
  CallId enable(const std::string& unit, OnEnd<void> on_end) override {
    return inner_.enable(unit, asked(base::UnitCall::kEnable, unit, std::move(on_end)));
  }
  CallId disable(const std::string& unit, OnEnd<void> on_end) override {
    return inner_.disable(unit, asked(base::UnitCall::kDisable, unit, std::move(on_end)));
  }
  CallId unmask(const std::string& unit, OnEnd<void> on_end) override {
    return inner_.unmask(unit, asked(base::UnitCall::kUnmask, unit, std::move(on_end)));
  }
  CallId mask(const std::string& unit, OnEnd<void> on_end) override {
    return inner_.mask(unit, asked(base::UnitCall::kMask, unit, std::move(on_end)));
  }
  CallId reload(OnEnd<void> on_end) override {
    return inner_.reload(asked(base::UnitCall::kReload, "", std::move(on_end)));
  }
  void watch(const std::string& unit) override { inner_.watch(unit); }
  void unwatch(const std::string& unit) override { inner_.unwatch(unit); }
  void on_event(OnEvent listener) override { inner_.on_event(std::move(listener)); }
  void cancel(CallId call) override { inner_.cancel(call); }

 private:
  OnEnd<void> asked(base::UnitCall call, const std::string& unit, OnEnd<void> on_end) {
    fuse_.point();
    rules_.before(call, unit);
    return [this, on_end = std::move(on_end)](const base::Status& status) {
      fuse_.point();
      on_end(status);
    };
  }

  base::FakeUnitManager& inner_;
  Fuse& fuse_;
  UnitRules& rules_;
};

}  // namespace holdfast::sim
