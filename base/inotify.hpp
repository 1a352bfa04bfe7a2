// SPDX-License-Identifier: Apache-2.0
// Inotify: one inotify descriptor, its watches on folders, its events as values.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/handle.hpp"
#include "base/result.hpp"

namespace holdfast::base {

struct InotifyEvent {
  int watch = -1;  ///< -1 with IN_Q_OVERFLOW
  std::uint32_t mask = 0;
  std::string name;  ///< of the entry; empty when it is the folder itself
};

class Inotify {
 public:
  static Result<Inotify> create();

  /// Watches the folder behind an open descriptor (O_PATH will do), so that no link can be swapped in
  /// between. The same folder gives the same number. Out of watches: Code::kLimit, saying which setting to
  /// raise.
  Result<int> add(const Fd& folder, std::uint32_t mask);
  void remove(int watch);
  /// What has happened until now; empty when nothing has.
  std::vector<InotifyEvent> read();
  int fd() const { return fd_.get(); }

 private:
  explicit Inotify(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace holdfast::base
