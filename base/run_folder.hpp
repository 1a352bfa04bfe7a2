// SPDX-License-Identifier: Apache-2.0
// RunFolder: one process's folder under the run directory, seen from the agent (format: base/run_format.hpp).
// Threads: one at a time.
#pragma once

#include <chrono>
#include <string>

#include "base/handle.hpp"
#include "base/result.hpp"
#include "base/run_record.hpp"

namespace holdfast::base {

class RunFolder {
 public:
  explicit RunFolder(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  bool exists() const;
  /// For the agent's user alone: environments may hold secrets.
  Status make() const;
  /// Everything an earlier run left but the lock and its start record, which the next one replaces.
  void clear_earlier() const;
  Status remove() const;

  Result<StartRecord> start() const;
  Result<StateRecord> state() const;
  Result<StopRecord> stop() const;
  Status write(const StartRecord& record) const;
  Status write(const StopRecord& record) const;

  /// Whether a shim holds the lock: true from before it is started until it is gone, however it goes.
  bool shim_lives() const;
  /// Takes the lock for a new shim. Waits a moment for one that has recorded its end and is on its way out.
  Result<Fd> take_lock(std::chrono::milliseconds wait) const;
  /// The reading end of the output FIFO, not blocking.
  Fd open_output() const;

 private:
  std::string file(const char* name) const;
  std::string path_;
};

/// Removes a folder of plain entries, none of them folders. Success when it is already gone.
Status remove_flat_folder(const std::string& path);

}  // namespace holdfast::base
