// SPDX-License-Identifier: Apache-2.0
// FakeMosquitto is no fake but the real broker as a child process, on a free port, with the settings and the
// ACL of a hub's and certificates of a FakePki: for contract suites and for tests of whole programs.
// Threads: one.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "sync/link/fake_pki.hpp"

namespace holdfast::sync {

class FakeMosquitto {
 public:
  /// REQUIRES: mosquitto is installed. Its folder goes away with it.
  explicit FakeMosquitto(FakePki& pki) : FakeMosquitto(pki, pki.server()) {}
  FakeMosquitto(FakePki& pki, const TlsIdentity& server);
  FakeMosquitto(const FakeMosquitto&) = delete;
  FakeMosquitto& operator=(const FakeMosquitto&) = delete;
  ~FakeMosquitto();

  /// Returns when it accepts connections.
  void start();
  void kill(int signal);
  /// SIGSTOP and SIGCONT: alive for TCP, dead for MQTT.
  void freeze(bool frozen);

  std::uint16_t port() const { return port_; }
  const std::string& folder() const { return folder_; }

 private:
  bool accepts() const;

  std::string folder_;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace holdfast::sync
