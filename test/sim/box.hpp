// SPDX-License-Identifier: Apache-2.0
// Box: one machine of the simulated world with its own clocks, whose program can die at any point and is started
// again on what survives it. Threads: one.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/fake_clock.hpp"
#include "base/fake_random.hpp"
#include "test/sim/fuse.hpp"
#include "test/sim/trace.hpp"

namespace holdfast::sim {

class Box {
 public:
  Box(std::string name, Trace& trace, std::uint64_t seed)
      : random(seed), name_(std::move(name)), trace_(trace) {}
  virtual ~Box() = default;
  Box(const Box&) = delete;
  Box& operator=(const Box&) = delete;

  const std::string& name() const { return name_; }
  bool is_up() const { return is_up_; }
  /// Runs what is due now. Afterwards due_in() says when the next thing is; nothing: only an event brings work.
  void run();
  std::optional<std::chrono::milliseconds> due_in() const;
  void wake() { is_woken_ = true; }
  void advance(std::chrono::milliseconds by);

  /// It dies within the next `points` points and is started again `later`.
  void crash_within(std::uint32_t points, std::chrono::milliseconds later);
  void stop_for(std::chrono::milliseconds duration);
  /// Everything that was to go wrong does not.
  void make_safe();

  base::FakeClock clock;
  base::FakeRandom random;
  Fuse fuse;

 protected:
  /// Product code runs in here and nowhere else.
  void guard(const std::function<void()>& work);
  void note(const std::string& what) { trace_.add(name_, what); }

  /// Makes the program anew; false: it could not start, and is tried again.
  virtual bool begin() = 0;
  /// Destroys the program; what it kept survives.
  virtual void end() = 0;
  virtual std::optional<base::MonotonicTime> work() = 0;

 private:
  void go_down(std::chrono::milliseconds duration);
  void come_up();

  std::string name_;
  Trace& trace_;
  bool is_up_ = false;
  bool is_dead_ = false;  ///< crashed inside a call; the program is destroyed at the next run()
  bool is_woken_ = false;
  std::chrono::milliseconds down_for_{0};
  std::optional<base::MonotonicTime> up_at_{base::MonotonicTime{}};
  std::optional<base::MonotonicTime> next_;
};

}  // namespace holdfast::sim
