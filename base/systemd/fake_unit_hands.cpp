// SPDX-License-Identifier: Apache-2.0
// The third part of FakeUnitManager: foreign hands, and what befalls the machine.
#include <utility>

#include "base/systemd/fake_units.hpp"

namespace holdfast::base {

void FakeUnitManager::start_by_hand(const std::string& name) {
  if (Unit& it = unit(name); it.active != "active") begin(name, it);
  tell(name);
}
void FakeUnitManager::stop_by_hand(const std::string& name) { begin_stop(name, unit(name), false); }
void FakeUnitManager::restart_by_hand(const std::string& name) { begin_stop(name, unit(name), true); }
void FakeUnitManager::enable_by_hand(const std::string& name) {
  enabled_.insert(name);
  outdate();
  tell("");
}
void FakeUnitManager::disable_by_hand(const std::string& name) {
  enabled_.erase(name);
  outdate();
  tell("");
}
void FakeUnitManager::mask_by_hand(const std::string& name) {
  masked_.insert(name);
  tell("");
}
void FakeUnitManager::mask_at_runtime_by_hand(const std::string& name) {
  masked_at_runtime_.insert(name);
  tell("");
}
void FakeUnitManager::end_by_itself(const std::string& name) {
  end_run(unit(name));
  tell(name);
}
void FakeUnitManager::reload_by_hand() { read_files_again(); }
void FakeUnitManager::link_by_hand(const std::string& name, const std::string& unit) {
  aliases_[name] = unit;
  read_files_again();
}
void FakeUnitManager::run_transient_by_hand(const std::string& name, const std::string& content) {
  transient_[name] = content;
  Unit& it = unit(name);
  it.loaded = files_of(name);
  begin(name, it);
  tell(name);
}
void FakeUnitManager::kill_by_hand(const std::string& name) {
  fail_run(unit(name), "signal", 9);
  tell(name);
}

void FakeUnitManager::set_failure(UnitCall call, std::optional<Error> error) {
  failures_.erase(call);
  if (error) failures_.emplace(call, *std::move(error));
}
void FakeUnitManager::set_lost_answer(UnitCall call, std::optional<Error> error) {
  lost_.erase(call);
  if (error) lost_.emplace(call, *std::move(error));
}

void FakeUnitManager::set_gone(bool gone) {
  if (std::exchange(gone_, gone) && !gone) tell("");
  if (gone) events_.clear();
}

void FakeUnitManager::reboot() {
  agent_gone();
  units_.clear();
  masked_at_runtime_.clear();
  transient_.clear();
  for (const auto& name : enabled_) {
    if (!files_of(name).fragment.empty() && !is_masked(name)) begin(name, unit(name));
  }
}

}  // namespace holdfast::base
