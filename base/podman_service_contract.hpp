// SPDX-License-Identifier: Apache-2.0
// PodmanService: `podman system service` for tests, with storage, configuration and socket in a folder of its own, so that
// it neither sees nor touches the machine's podman. Nothing of it is left when it goes: no container, process, mount or file.
// Threads: one.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace holdfast::base {

class PodmanService {
 public:
  /// In a new folder beneath the temporary one. Not running yet.
  PodmanService();
  ~PodmanService();
  PodmanService(const PodmanService&) = delete;
  PodmanService& operator=(const PodmanService&) = delete;

  /// Ends the program where it cannot.
  void start();
  /// Containers run on.
  void stop();
  bool is_running() const { return pid_ > 0; }
  std::string socket_path() const { return run_ + "/engine.sock"; }
  const std::string& folder() const { return folder_; }

 private:
  std::vector<std::string> command(const std::vector<std::string>& arguments) const;
  pid_t spawn(const std::vector<std::string>& arguments) const;
  void write_configuration() const;
  bool until_it_listens() const;
  void unmount_all() const;
  bool end_left_over() const;

  std::string folder_;
  std::string run_;  ///< a short path of its own
  pid_t pid_ = 0;
};

}  // namespace holdfast::base
