// SPDX-License-Identifier: Apache-2.0
// Supervisor: stays with a running workload until it and everything it started are gone: takes its output,
// passes SIGTERM on, kills after the grace, and records the end.
// Threads: the shim has one.
#pragma once

#include <cstdint>

#include "base/shim/output.hpp"
#include "base/shim/start_record.hpp"
#include "base/shim/state_record.hpp"

namespace holdfast::base::shim {

class Supervisor {
 public:
  /// REQUIRES: the signals of block_signals() are blocked; all arguments outlive it.
  Supervisor(int run_folder, const Run& run, State& state, Output& output, int output_fd);
  /// Returns when all is over and recorded.
  void watch_over();

  /// To be called before the workload is started, so that none of its signals is missed.
  static void block_signals();

 private:
  void wait_for_event(int signals);
  int wait_ms() const;
  void take_signals(int signals);
  void reap();
  /// `signalled_ms`: the grace that came with the signal; -1: none. A record of the order says more.
  void begin_stop(std::int64_t signalled_ms);
  void kill_all() const;
  void end_descendants();
  void note_out_of_memory();
  void record_end();
  void remove_cgroups() const;

  int run_folder_;
  const Run& run_;
  State& state_;
  Output& output_;
  int output_fd_;
  std::int64_t kill_at_ms_ = -1;  ///< monotonic; -1: nobody asked for an end
};

}  // namespace holdfast::base::shim
