// SPDX-License-Identifier: Apache-2.0
// The fake side of the UnitManager contract suite.
#include "base/fake_clock.hpp"
#include "base/fake_host.hpp"
#include "base/systemd/fake_units.hpp"
#include "base/systemd/unit_world_contract.hpp"

namespace holdfast::base {
namespace {

constexpr int kRoundsMax = 3000;
constexpr std::chrono::milliseconds kRound{20};

class FakeUnitWorld final : public UnitWorld {
 public:
  UnitManager& units() override { return units_; }
  void write_file(const std::string& name, const std::string& content) override {
    host_.edit_by_hand("/etc/systemd/system/" + name, content);
  }
  void remove_file(const std::string& name) override { host_.remove_by_hand("/etc/systemd/system/" + name); }
  void by_hand(const std::string& command, const std::string& unit) override {
    if (command == "start") units_.start_by_hand(unit);
    if (command == "stop") units_.stop_by_hand(unit);
    if (command == "restart") units_.restart_by_hand(unit);
    if (command == "enable") units_.enable_by_hand(unit);
    if (command == "disable") units_.disable_by_hand(unit);
    if (command == "mask") units_.mask_by_hand(unit);
    if (command == "mask --runtime") units_.mask_at_runtime_by_hand(unit);
    if (command == "daemon-reload") units_.reload_by_hand();
  }
  int noises() override { return static_cast<int>(units_.noises()); }
  bool is_connected() override { return units_.is_any_watched(); }
  int reloads() override { return static_cast<int>(units_.touched().reloads); }
  void take_bus_away() override { units_.set_gone(true); }
  void bring_bus_back() override { units_.set_gone(false); }
  void hang_systemd() override { units_.set_hung(true); }
  void wake_systemd() override {
    units_.set_hung(false);
    units_.set_gone(true);
    units_.set_gone(false);
  }
  void execute_systemd_anew() override {
    units_.set_gone(true);
    units_.set_gone(false);
  }
  void new_agent() override { units_.agent_gone(); }
  bool until(const std::function<bool()>& condition) override {
    for (int round = 0; round < kRoundsMax; ++round) {
      if (condition()) return true;
      units_.deliver();
      clock_.advance(kRound);
    }
    return condition();
  }

 private:
  FakeClock clock_;
  FakeHost host_{clock_};
  FakeUnitManager units_{clock_, host_};
};

}  // namespace

std::unique_ptr<UnitWorld> make_fake_unit_world() { return std::make_unique<FakeUnitWorld>(); }

}  // namespace holdfast::base
