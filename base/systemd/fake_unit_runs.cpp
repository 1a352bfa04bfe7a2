// SPDX-License-Identifier: Apache-2.0
// The second part of FakeUnitManager: how units begin, end, fail and come back, and what time does to them.
#include <algorithm>
#include <utility>

#include "base/digest.hpp"
#include "base/systemd/fake_unit_text.hpp"
#include "base/systemd/fake_units.hpp"

namespace holdfast::base {
namespace {

constexpr std::chrono::milliseconds kRestartAfter{100};
constexpr std::uint32_t kStartsMax = 5;

bool has_restart(std::string_view text) {
  return has_line(text, "Restart=always") || has_line(text, "Restart=on-failure");
}

}  // namespace

void FakeUnitManager::begin(const std::string& name, Unit& it) {
  if (never_start_.contains(name)) return tell(name);
  const std::string& text = it.loaded.text;
  it.is_unmet = !is_met(text);
  if (it.is_unmet) return;
  it.invocation = Digest::of("run " + std::to_string(++runs_)).hex().substr(0, 32);
  it.started_text = text;
  it.result = "success";
  it.exit_status = 0;
  it.pid = 0;
  it.restarts_at.reset();
  it.is_starting = has_line(text, "Type=notify");
  if (it.is_starting) {
    it.active = "activating";
    it.sub = "start";
    it.pid = 1000 + static_cast<std::int64_t>(runs_);
    return;
  }
  if (has_line(text, "ExecStart=/bin/false")) return fail_run(it, "exit-code", 1);
  const bool is_oneshot = has_line(text, "Type=oneshot");
  const bool ends = has_line(text, "ExecStart=/bin/true") || is_oneshot;
  if (ends && !has_line(text, "RemainAfterExit=yes")) {
    end_run(it);
    return;
  }
  it.active = "active";
  it.sub = ends ? "exited" : "running";
  if (!ends) it.pid = 1000 + static_cast<std::int64_t>(runs_);
}

void FakeUnitManager::end_run(Unit& it) const {
  it.active = "inactive";
  it.sub = "dead";
  it.pid = 0;
  it.main_exit_us = now_us();
  it.active_exit_us = now_us() + 100;
}

void FakeUnitManager::fail_run(Unit& it, const std::string& result, std::int32_t status) {
  it.pid = 0;
  it.is_starting = false;
  it.exit_status = status;
  it.result = result;
  if (has_restart(it.loaded.text) && it.restarts < kStartsMax) {
    it.active = "activating";
    it.sub = "auto-restart";
    it.restarts_at = clock_.monotonic() + kRestartAfter;
    return;
  }
  it.active = "failed";
  it.sub = "failed";
}

void FakeUnitManager::begin_stop(const std::string& name, Unit& it, bool again) {
  it.restarts_at.reset();
  it.restarts = 0;
  it.is_starting = false;
  if (it.active == "active" && stays_.contains(name)) {
    it.result = "exit-code";
    return tell(name);
  }
  if (it.active != "active") {
    if (it.active == "activating") it.active = "inactive", it.sub = "dead";
    if (again) begin(name, it);
    return tell(name);
  }
  it.active_exit_us = now_us();
  it.active = "deactivating";
  it.sub = "stop-sigterm";
  it.stopped_at = clock_.monotonic() + stop_takes_;
  it.starts_again = again;
  if (stop_takes_.count() == 0) advance();
}

void FakeUnitManager::advance() {
  const auto now = clock_.monotonic();
  for (auto& [name, it] : units_) {
    // As rarely as the seam promises.
    if (is_noisy(it) && it.noisy_at <= now) {
      it.noisy_at = now + limits::kUnitDeafLook;
      ++noises_;
      tell(name);
    }
    if (it.stopped_at && *it.stopped_at <= now) {
      it.stopped_at.reset();
      it.active = "inactive";
      it.sub = "dead";
      it.result = "success";
      it.pid = 0;
      it.main_exit_us = std::max(it.active_exit_us + 1, now_us());
      if (transient_.erase(name) > 0) it.loaded = files_of(name);
      if (std::exchange(it.starts_again, false)) begin(name, it);
      tell(name);
    }
    if (it.restarts_at && *it.restarts_at <= now) {
      ++it.restarts;
      begin(name, it);
      tell(name);
    }
  }
}

}  // namespace holdfast::base
